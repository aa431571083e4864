/* TLS by ourselves: what has to hold of the certificate and its key, and of every connection. */
#ifndef HEADGATE_SERVER_TLS_H
#define HEADGATE_SERVER_TLS_H

#include "base/error.h"

#include <libwebsockets.h>

/// Do these files go together? Both NULL: no TLS, which is fine. ERROR_INPUT says which file is
/// wrong and why; ERROR_REFUSED: everybody may read the key.
NODISCARD bool tls_check(const char *cert, const char *key, Error *err);
/// For a vhost with that certificate: TLS 1.2 and newer, HTTP/1.1 only.
void tls_configure(struct lws_context_creation_info *info, const char *cert, const char *key);
/// As send(): how many bytes went, or -1 and errno (EAGAIN: not now).
ssize_t tls_send(struct lws *wsi, const void *bytes, size_t size);
/// Tells the client that no more comes.
void tls_finish(struct lws *wsi);

#endif
