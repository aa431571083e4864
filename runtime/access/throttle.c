/* Counts of wrong passwords in a small hash table. */
#include "access/throttle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 1024, NAME_BYTES = 64, SECOND_US = 1000000 };

/* What is counted: person and address, an address ("" and address), or a person (no address). */
typedef struct Key {
    char person[NAME_BYTES];
    uint8_t address[ACCESS_ADDRESS_BYTES];
    bool any_address;
} Key;

typedef struct Entry {
    struct Entry *next;
    Key key;
    int failures;
    int64_t last_us;
} Entry;

struct AccessThrottle {
    size_t count;
    Entry *buckets[BUCKETS];
};

/* The three counters that a try belongs to. */
typedef struct Counters {
    Entry *pair;
    Entry *address;
    Entry *person;
} Counters;

static Key key_of(const char *person, const uint8_t *address)
{
    Key key = {.any_address = address == NULL};
    snprintf(key.person, sizeof(key.person), "%s", person);
    if (address != NULL)
        memcpy(key.address, address, sizeof(key.address));
    return key;
}

static uint32_t add_bytes(uint32_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * 16777619U; /* FNV-1a */
    return hash;
}

static Entry **bucket_of(AccessThrottle *throttle, const Key *key)
{
    uint32_t hash = add_bytes(2166136261U, key->person, strlen(key->person));
    return &throttle->buckets[add_bytes(hash, key->address, sizeof(key->address)) % BUCKETS];
}

static bool same(const Key *a, const Key *b)
{
    return a->any_address == b->any_address && strcmp(a->person, b->person) == 0 &&
           memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static Entry *find(AccessThrottle *throttle, const Key *key)
{
    Entry *entry = *bucket_of(throttle, key);
    while (entry != NULL && !same(&entry->key, key))
        entry = entry->next;
    return entry;
}

static bool forgotten(const Entry *entry, int64_t now_us)
{
    return entry->last_us + (int64_t)ACCESS_THROTTLE_FORGET_S * SECOND_US <= now_us;
}

static void sweep(AccessThrottle *throttle, int64_t now_us, bool all_but_the_worst)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (Entry **at = &throttle->buckets[i]; *at != NULL;) {
            Entry *entry = *at;
            bool goes = forgotten(entry, now_us) ||
                        (all_but_the_worst && entry->failures <= ACCESS_THROTTLE_FREE);
            if (!goes) {
                at = &entry->next;
                continue;
            }
            *at = entry->next;
            free(entry);
            throttle->count--;
        }
    }
}

/* A full table forgets those that cost nothing yet, then everything: guessing from so many
 * addresses is not stopped by counting addresses. */
static void make_room(AccessThrottle *throttle, int64_t now_us)
{
    if (throttle->count < ACCESS_THROTTLE_ENTRIES_MAX)
        return;
    sweep(throttle, now_us, false);
    if (throttle->count >= ACCESS_THROTTLE_ENTRIES_MAX)
        sweep(throttle, now_us, true);
    if (throttle->count >= ACCESS_THROTTLE_ENTRIES_MAX)
        sweep(throttle, INT64_MAX, false);
}

static Entry *obtain(AccessThrottle *throttle, const char *person, const uint8_t *address,
                     int64_t now_us)
{
    Key key = key_of(person, address);
    Entry *entry = find(throttle, &key);
    if (entry == NULL) {
        Entry **bucket = bucket_of(throttle, &key);
        entry = base_alloc(sizeof(*entry));
        *entry = (Entry){.key = key, .next = *bucket};
        *bucket = entry;
        throttle->count++;
    } else if (forgotten(entry, now_us)) {
        entry->failures = 0;
    }
    return entry;
}

AccessThrottle *access_throttle_new(void)
{
    return base_alloc(sizeof(AccessThrottle));
}

void access_throttle_free(AccessThrottle *throttle)
{
    if (throttle == NULL)
        return;
    sweep(throttle, INT64_MAX, false);
    free(throttle);
}

/* Seconds until the next try, after so many wrong ones of which some were free. */
static int wait_s(const Entry *entry, int free_ones, int max_s, int64_t now_us)
{
    int over = entry->failures - free_ones;
    if (over < 0)
        return 0;
    int64_t wait = over > 20 || (1 << over) > max_s ? max_s : 1 << over;
    int64_t left_us = entry->last_us + wait * SECOND_US - now_us;
    return left_us <= 0 ? 0 : (int)((left_us + SECOND_US - 1) / SECOND_US);
}

int access_throttle_try(AccessThrottle *throttle, const char *person,
                        const uint8_t address[ACCESS_ADDRESS_BYTES], int64_t now_us)
{
    make_room(throttle, now_us);
    Counters counters = {.pair = obtain(throttle, person, address, now_us),
                         .address = obtain(throttle, "", address, now_us),
                         .person = obtain(throttle, person, NULL, now_us)};
    int free_ones =
        counters.person->failures >= ACCESS_THROTTLE_ALARM ? 1 : (int)ACCESS_THROTTLE_FREE;
    int pair_s = wait_s(counters.pair, free_ones, ACCESS_THROTTLE_MAX_S, now_us);
    int address_s = wait_s(counters.address, ACCESS_THROTTLE_ADDRESS_FREE,
                           ACCESS_THROTTLE_ADDRESS_MAX_S, now_us);
    if (pair_s > 0 || address_s > 0)
        return pair_s > address_s ? pair_s : address_s;
    Entry *const counted[] = {counters.pair, counters.address, counters.person};
    for (size_t i = 0; i < COUNT_OF(counted); i++) {
        counted[i]->failures++;
        counted[i]->last_us = now_us;
    }
    return 0;
}

static void take_back(AccessThrottle *throttle, Key key, bool all)
{
    Entry *entry = find(throttle, &key);
    if (entry != NULL && entry->failures > 0)
        entry->failures = all ? 0 : entry->failures - 1;
}

void access_throttle_right(AccessThrottle *throttle, const char *person,
                           const uint8_t address[ACCESS_ADDRESS_BYTES])
{
    take_back(throttle, key_of(person, address), true);
    take_back(throttle, key_of("", address), false);
    take_back(throttle, key_of(person, NULL), false);
}

void access_throttle_untried(AccessThrottle *throttle, const char *person,
                             const uint8_t address[ACCESS_ADDRESS_BYTES])
{
    take_back(throttle, key_of(person, address), false);
    take_back(throttle, key_of("", address), false);
    take_back(throttle, key_of(person, NULL), false);
}
