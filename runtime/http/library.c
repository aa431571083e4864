/* The loop's thread alone comes here. */
#include "http/library.h"

#include "base/library.h"

#define NAME(name) "curl_" #name,
static const char *const NAMES[] = {HTTP_LIBRARY(NAME)};

bool http_library(const HttpLibrary **ret_library, Error *err)
{
    static HttpLibrary library;
    static bool loaded;
    if (!loaded) {
        loaded = library_load("libcurl.so.4", "requests over HTTP need", NAMES, COUNT_OF(NAMES),
                              &library, err);
        invariant(!loaded || library.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    }
    *ret_library = &library;
    return loaded;
}
