/* Any thread comes here. */
#include "db/library.h"

#include "base/library.h"

#include <pthread.h>

#define NAME(name) "PQ" #name,
static const char *const NAMES[] = {DB_LIBRARY(NAME)};

const DbLibrary *pq;

bool db_library(Error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static DbLibrary library;
    pthread_mutex_lock(&lock);
    if (pq == NULL &&
        library_load("libpq.so.5", "connections need", NAMES, COUNT_OF(NAMES), &library, err))
        pq = &library;
    bool loaded = pq != NULL;
    pthread_mutex_unlock(&lock);
    return loaded;
}
