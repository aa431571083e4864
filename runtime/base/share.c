/* One counter, one lock for what failed. */
#include "base/share.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct Sharing {
    ShareItem *item;
    void *ctx;
    atomic_size_t next;
    atomic_size_t end;    /* or the first item that failed */
    pthread_mutex_t lock; /* guards end and err together */
    Error err;
} Sharing;

static void note_failed(Sharing *sharing, size_t item, const Error *err)
{
    pthread_mutex_lock(&sharing->lock);
    if (item < sharing->end) {
        sharing->end = item;
        sharing->err = *err;
    }
    pthread_mutex_unlock(&sharing->lock);
}

static void *do_some(void *arg)
{
    Sharing *sharing = arg;
    size_t item = 0;
    while ((item = atomic_fetch_add(&sharing->next, 1)) < sharing->end) {
        Error err = {0};
        if (!sharing->item(sharing->ctx, item, &err))
            note_failed(sharing, item, &err);
    }
    return NULL;
}

bool share_items(size_t first, size_t end, ShareItem *item, void *ctx, Error *err)
{
    pthread_t second;
    Sharing sharing = {
        .item = item, .ctx = ctx, .next = first, .end = end, .lock = PTHREAD_MUTEX_INITIALIZER};
    bool helped =
        end - first >= SHARE_ITEMS && pthread_create(&second, NULL, do_some, &sharing) == 0;
    do_some(&sharing);
    if (helped)
        pthread_join(second, NULL);
    if (sharing.end < end)
        *err = sharing.err;
    return sharing.end == end;
}
