/* Stored bundles. With an odd first byte the rest is a bundle as it is; else its list of files, and
 * the right hash is put behind it, so that damage inside is looked at and not only the hash. */
#include "fuzz.h"

#include "plan/bundle.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 16, HASH_DIGITS = HASH_HEX_BYTES - 1 };

/* There is one packed form of a bundle. */
static void check_bundle(const Bundle *bundle, const void *bytes, size_t size)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    size_t packed_size = 0;
    const void *packed = bundle_pack(bundle, arena, &packed_size);
    invariant(packed_size == size && memcmp(packed, bytes, size) == 0);
    for (size_t i = 0; i < bundle->files_count; i++) {
        const BundleFile *file = &bundle->files[i];
        invariant(bundle_find(bundle, file->path) == file);
        invariant(file->bytes[file->size_bytes] == '\0');
        invariant(file->path[0] != '/' && file->path[0] != '.' && file->path[0] != '\0');
        invariant(strstr(file->path, "/.") == NULL && strstr(file->path, "//") == NULL);
    }
}

static void check(const void *bytes, size_t size)
{
    Error err = {0};
    Bundle *bundle = NULL;
    if (bundle_unpack(bytes, size, &bundle, &err))
        check_bundle(bundle, bytes, size);
    else
        fuzz_check_error(&err);
    bundle_free(bundle);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    if (size < 1)
        return;
    bool as_it_is = bytes[0] % 2 == 1;
    bytes++;
    size--;
    if (as_it_is || size < HEAD_BYTES) {
        check(bytes, size);
        return;
    }
    char hash[HASH_HEX_BYTES];
    uint8_t *whole = base_realloc(NULL, size + HASH_DIGITS);
    memcpy(whole, bytes, size);
    hash_sha256_hex(whole + HEAD_BYTES, size - HEAD_BYTES, hash);
    memcpy(whole + size, hash, HASH_DIGITS);
    check(whole, size + HASH_DIGITS);
    free(whole);
}
