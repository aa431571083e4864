/* Nothing unloads it again. Its functions are bound as they are called: of the libraries that it
 * brings almost nothing ever is. */
#include "db/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

static const char NAME[] = "libpq.so.5";

const DbLibrary *pq;

static bool missing(Error *err)
{
    return error_set(err, ERROR_INTERNAL, "connections need %s: %s", NAME, dlerror());
}

#define FIND(name)                                                                                 \
    symbol = dlsym(handle, "PQ" #name);                                                            \
    if (symbol == NULL)                                                                            \
        return missing(err);                                                                       \
    memcpy(&found.name, &symbol, sizeof(symbol));

static bool load(DbLibrary *ret_library, Error *err)
{
    DbLibrary found = {0};
    void *symbol = NULL;
    void *handle = dlopen(NAME, RTLD_LAZY | RTLD_LOCAL);
    if (handle == NULL)
        return missing(err);
    DB_LIBRARY(FIND)
    *ret_library = found;
    return true;
}

bool db_library(Error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static DbLibrary library;
    pthread_mutex_lock(&lock);
    if (pq == NULL && load(&library, err))
        pq = &library;
    bool loaded = pq != NULL;
    pthread_mutex_unlock(&lock);
    return loaded;
}
