/* Flag buckets: in [0, 10000), the same by the documented formula, and whoever is in at a
 * percentage is in at every higher one. Lines: the flag, ids. */
#include "fuzz.h"

#include "base/hash.h"
#include "rollout/bucket.h"

#include <stdlib.h>
#include <string.h>

enum { IDS_MAX = 10 };

/* docs/bucketing.md, by way of the hexadecimal digits. */
static int by_the_docs(const char *flag, const char *id)
{
    char hex[HASH_HEX_BYTES];
    AUTO(base_free) char *text = base_printf("%s:%s", flag, id);
    hash_sha256_hex(text, strlen(text), hex);
    hex[8] = '\0';
    return (int)(strtoul(hex, NULL, 16) % ROLLOUT_BUCKETS);
}

static void check_id(const char *flag, const char *id)
{
    int bucket = rollout_bucket(flag, id);
    invariant(bucket >= 0 && bucket < ROLLOUT_BUCKETS);
    invariant(bucket == by_the_docs(flag, id) && bucket == rollout_bucket(flag, id));
    invariant(!rollout_bucket_in(flag, id, 0));
    invariant(rollout_bucket_in(flag, id, ROLLOUT_BUCKETS));
    bool before = false;
    for (int percent = 0; percent <= 100; percent += 10) {
        bool in = rollout_bucket_in(flag, id, percent * 100);
        invariant(in || !before);
        before = in;
    }
    invariant(!rollout_bucket_in(flag, id, bucket) && rollout_bucket_in(flag, id, bucket + 1));
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    FuzzInput input = {bytes, size};
    AUTO(base_free) char *flag = fuzz_line(&input);
    for (int i = 0; i == 0 || (i < IDS_MAX && input.left > 0); i++) {
        AUTO(base_free) char *id = fuzz_line(&input);
        check_id(flag, id);
    }
}
