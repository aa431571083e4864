/* The loop's thread alone comes here, and nothing unloads it again. */
#include "http/library.h"

#include <dlfcn.h>
#include <string.h>

static const char NAME[] = "libcurl.so.4";

static bool missing(Error *err)
{
    return error_set(err, ERROR_INTERNAL, "requests over HTTP need %s: %s", NAME, dlerror());
}

#define FIND(name)                                                                                 \
    symbol = dlsym(handle, "curl_" #name);                                                         \
    if (symbol == NULL)                                                                            \
        return missing(err);                                                                       \
    memcpy(&found.name, &symbol, sizeof(symbol));

static bool load(HttpLibrary *ret_library, Error *err)
{
    HttpLibrary found = {0};
    void *symbol = NULL;
    void *handle = dlopen(NAME, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return missing(err);
    HTTP_LIBRARY(FIND)
    invariant(found.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
    *ret_library = found;
    return true;
}

bool http_library(const HttpLibrary **ret_library, Error *err)
{
    static HttpLibrary library;
    static bool loaded;
    loaded = loaded || load(&library, err);
    *ret_library = &library;
    return loaded;
}
