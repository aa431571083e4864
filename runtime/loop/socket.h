/* One question and its answer over a stream socket of this machine: the control sockets of other
 * programs. */
#ifndef HEADGATE_LOOP_SOCKET_H
#define HEADGATE_LOOP_SOCKET_H

#include "loop/fiber.h"

typedef struct SocketAsk {
    const char *address; ///< of this machine: base/address.h
    const char *question;
    size_t max_bytes; ///< of the answer; more is an error
    int timeout_ms;   ///< for all of it
} SocketAsk;

/// Waits. Connects, sends the question and reads until the other side closes. Fails with
/// ERROR_INPUT, ERROR_UNREACHABLE (nobody there, no answer in time), ERROR_REFUSED (too long) or
/// ERROR_CANCELLED. The caller frees *ret_answer.
NODISCARD bool socket_ask(Loop *loop, const SocketAsk *ask, char **ret_answer, Error *err);

#endif
