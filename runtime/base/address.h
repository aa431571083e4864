/* Addresses of sockets on this machine. */
#ifndef HEADGATE_BASE_ADDRESS_H
#define HEADGATE_BASE_ADDRESS_H

#include "base/error.h"

#include <sys/socket.h>

/// Reads "/run/x.sock", "127.0.0.1:9999", "[::1]:9999" or "localhost:9999": an absolute path or a
/// loopback address, nothing else. Fails with ERROR_INPUT and the reason.
NODISCARD bool address_local(const char *text, struct sockaddr_storage *ret_address, Error *err);

#endif
