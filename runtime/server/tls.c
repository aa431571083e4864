/* libwebsockets does the handshake and reads; answers are written here, as without TLS (decision
 * 021): while a request is worked on libwebsockets leaves the connection alone, so nobody else uses
 * its SSL then. */
#include "server/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/stat.h>

/* The last thing that OpenSSL complained about, in its words. */
static const char *complaint(char *out, size_t size)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    snprintf(out, size, "%s", reason != NULL ? reason : "it is not in PEM");
    ERR_clear_error();
    return out;
}

static bool can_be_read(const char *what, const char *path, bool secret, Error *err)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return error_set(err, ERROR_INPUT, "the %s %s: %s", what, path, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return error_set(err, ERROR_INPUT, "the %s %s is not a regular file", what, path);
    if (!secret || (about.st_mode & S_IRWXO) == 0)
        return true;
    error_set(err, ERROR_REFUSED, "the %s %s may be read by everybody", what, path);
    return error_hint(err, "chmod o= %s", path);
}

static bool go_together(SSL_CTX *context, const char *cert, const char *key, Error *err)
{
    char why[200];
    if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
        return error_set(err, ERROR_INPUT, "the certificate %s cannot be used: %s", cert,
                         complaint(why, sizeof(why)));
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        return error_set(err, ERROR_INPUT, "the key %s cannot be used with %s: %s", key, cert,
                         complaint(why, sizeof(why)));
    return SSL_CTX_check_private_key(context) == 1 ||
           error_set(err, ERROR_INPUT, "the key %s is not that of %s", key, cert);
}

bool tls_check(const char *cert, const char *key, Error *err)
{
    if (cert == NULL && key == NULL)
        return true;
    if (cert == NULL || key == NULL)
        return error_set(err, ERROR_INPUT, "--tls-cert and --tls-key go together");
    if (!can_be_read("certificate", cert, false, err) || !can_be_read("key", key, true, err))
        return false;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL)
        return error_set(err, ERROR_INTERNAL, "OpenSSL could not be set up");
    bool ok = go_together(context, cert, key, err);
    SSL_CTX_free(context);
    return ok;
}

void tls_configure(struct lws_context_creation_info *info, const char *cert, const char *key)
{
    info->options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    info->ssl_cert_filepath = cert;
    info->ssl_private_key_filepath = key;
    info->ssl_options_set = (long)(SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 |
                                   SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    info->alpn = "http/1.1";
}

ssize_t tls_send(struct lws *wsi, const void *bytes, size_t size)
{
    SSL *ssl = lws_get_ssl(wsi);
    size_t sent = 0;
    /* what could not be sent is tried again from wherever it lies then */
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    ERR_clear_error();
    if (SSL_write_ex(ssl, bytes, size, &sent) == 1)
        return (ssize_t)sent;
    int problem = SSL_get_error(ssl, 0);
    ERR_clear_error();
    errno = problem == SSL_ERROR_WANT_WRITE || problem == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
    return -1;
}

void tls_finish(struct lws *wsi)
{
    SSL_shutdown(lws_get_ssl(wsi));
    ERR_clear_error();
}
