/* Sticky and monotone by construction: a bucket never moves, and a higher percentage only adds
 * buckets. */
#include "rollout/bucket.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

int rollout_bucket(const char *flag, const char *id)
{
    AUTO(base_free) char *text = base_printf("%s:%s", flag, id);
    uint8_t hash[HASH_BYTES];
    hash_sha256(text, strlen(text), hash);
    uint32_t first =
        (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
    return (int)(first % ROLLOUT_BUCKETS);
}

bool rollout_bucket_in(const char *flag, const char *id, int percent_hundredths)
{
    return rollout_bucket(flag, id) < percent_hundredths;
}
