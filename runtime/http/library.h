/* libcurl, loaded when it is used first: with what it needs itself it takes a fifth of the time of
 * a command that asks nothing over HTTP. Internal to http/. */
#ifndef HEADGATE_HTTP_LIBRARY_H
#define HEADGATE_HTTP_LIBRARY_H

#include "base/error.h"

#include <curl/curl.h>

/// Its functions that are called here, without "curl_".
#define HTTP_LIBRARY(FUNCTION)                                                                     \
    FUNCTION(global_init)                                                                          \
    FUNCTION(easy_init)                                                                            \
    FUNCTION(easy_setopt)                                                                          \
    FUNCTION(easy_getinfo)                                                                         \
    FUNCTION(easy_strerror)                                                                        \
    FUNCTION(easy_cleanup)                                                                         \
    FUNCTION(multi_init)                                                                           \
    FUNCTION(multi_setopt)                                                                         \
    FUNCTION(multi_assign)                                                                         \
    FUNCTION(multi_add_handle)                                                                     \
    FUNCTION(multi_remove_handle)                                                                  \
    FUNCTION(multi_socket_action)                                                                  \
    FUNCTION(multi_info_read)                                                                      \
    FUNCTION(multi_cleanup)                                                                        \
    FUNCTION(slist_append)                                                                         \
    FUNCTION(slist_free_all)

#define HTTP_LIBRARY_FIELD(name) __typeof__(curl_##name) *name;
typedef struct HttpLibrary {
    HTTP_LIBRARY(HTTP_LIBRARY_FIELD)
} HttpLibrary;
#undef HTTP_LIBRARY_FIELD

/// Loads and initialises it at the first call. Fails with ERROR_INTERNAL where it is not installed.
NODISCARD bool http_library(const HttpLibrary **ret_library, Error *err);

#endif
