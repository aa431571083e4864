/* The only table that knows SQLSTATEs: what kind of failure, and whether trying again can help. */
#ifndef HEADGATE_DB_SQLSTATE_H
#define HEADGATE_DB_SQLSTATE_H

#include "base/error.h"

typedef enum SqlstateAdvice {
    SQLSTATE_FATAL,     ///< the statement is wrong: trying again gives the same
    SQLSTATE_RETRY,     ///< serialization, deadlock, lock timeout: the same again may work
    SQLSTATE_RECONNECT, ///< the connection or the server went away
    SQLSTATE_RESOURCES, ///< disk full, out of memory, too many connections: wait
} SqlstateAdvice;

SqlstateAdvice sqlstate_advice(const char *sqlstate);
ErrorKind sqlstate_kind(const char *sqlstate);

#endif
