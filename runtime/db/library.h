/* libpq, loaded when a connection is opened first: with the twenty libraries that it brings (for
 * LDAP and Kerberos) it takes longer than the rest of a start, and meanwhile another thread can
 * read a plan's folder. Internal to db/. */
#ifndef HEADGATE_DB_LIBRARY_H
#define HEADGATE_DB_LIBRARY_H

#include "base/error.h"

#include <libpq-fe.h>

/// Its functions that are called here, without "PQ".
#define DB_LIBRARY(FUNCTION)                                                                       \
    FUNCTION(backendPID)                                                                           \
    FUNCTION(cancel)                                                                               \
    FUNCTION(clear)                                                                                \
    FUNCTION(cmdStatus)                                                                            \
    FUNCTION(cmdTuples)                                                                            \
    FUNCTION(connectdbParams)                                                                      \
    FUNCTION(conninfoFree)                                                                         \
    FUNCTION(conninfoParse)                                                                        \
    FUNCTION(consumeInput)                                                                         \
    FUNCTION(enterPipelineMode)                                                                    \
    FUNCTION(errorMessage)                                                                         \
    FUNCTION(escapeIdentifier)                                                                     \
    FUNCTION(escapeLiteral)                                                                        \
    FUNCTION(exitPipelineMode)                                                                     \
    FUNCTION(finish)                                                                               \
    FUNCTION(flush)                                                                                \
    FUNCTION(fname)                                                                                \
    FUNCTION(freeCancel)                                                                           \
    FUNCTION(freemem)                                                                              \
    FUNCTION(ftype)                                                                                \
    FUNCTION(getCancel)                                                                            \
    FUNCTION(getCopyData)                                                                          \
    FUNCTION(getResult)                                                                            \
    FUNCTION(getisnull)                                                                            \
    FUNCTION(getlength)                                                                            \
    FUNCTION(getvalue)                                                                             \
    FUNCTION(host)                                                                                 \
    FUNCTION(hostaddr)                                                                             \
    FUNCTION(isBusy)                                                                               \
    FUNCTION(nfields)                                                                              \
    FUNCTION(notifies)                                                                             \
    FUNCTION(ntuples)                                                                              \
    FUNCTION(parameterStatus)                                                                      \
    FUNCTION(pass)                                                                                 \
    FUNCTION(pingParams)                                                                           \
    FUNCTION(pipelineSync)                                                                         \
    FUNCTION(port)                                                                                 \
    FUNCTION(putCopyData)                                                                          \
    FUNCTION(putCopyEnd)                                                                           \
    FUNCTION(resultErrorField)                                                                     \
    FUNCTION(resultErrorMessage)                                                                   \
    FUNCTION(resultStatus)                                                                         \
    FUNCTION(sendPrepare)                                                                          \
    FUNCTION(sendQuery)                                                                            \
    FUNCTION(sendQueryParams)                                                                      \
    FUNCTION(sendQueryPrepared)                                                                    \
    FUNCTION(serverVersion)                                                                        \
    FUNCTION(setNoticeReceiver)                                                                    \
    FUNCTION(setSingleRowMode)                                                                     \
    FUNCTION(setnonblocking)                                                                       \
    FUNCTION(socket)                                                                               \
    FUNCTION(status)                                                                               \
    FUNCTION(transactionStatus)

#define DB_LIBRARY_FIELD(name) __typeof__(PQ##name) *name;
typedef struct DbLibrary {
    DB_LIBRARY(DB_LIBRARY_FIELD)
} DbLibrary;
#undef DB_LIBRARY_FIELD

/// Its functions; NULL before db_library(). Whoever has a DbConn has it.
extern const DbLibrary *pq;

/// Loads it at the first call; any thread, and that takes milliseconds. Fails with ERROR_INTERNAL
/// where it is not installed.
NODISCARD bool db_library(Error *err);

#endif
