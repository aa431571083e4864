/* FIPS 180-4, four rounds at a time, as in Intel's "Intel SHA Extensions" (2013). */
#include "base/sha.h"

#ifdef __x86_64__

#include <cpuid.h>
#include <immintrin.h>
#include <stdatomic.h>
#include <string.h>

enum { BLOCK_BYTES = 64, LENGTH_BYTES = 8, ROUNDS = 64, WORDS = 8 };

#define WITH_SHA __attribute__((target("sha,sse4.1")))

static const uint32_t CONSTANTS[ROUNDS] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* As the instructions want it: A, B, E, F and C, D, G, H, the first in the highest lane. */
typedef struct State {
    __m128i abef;
    __m128i cdgh;
} State;

static bool is_there(void)
{
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_1) != 0 &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

WITH_SHA static __m128i load(const uint8_t *at)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), big_endian);
}

WITH_SHA static void add_block(State *state, const uint8_t *block)
{
    __m128i abef = state->abef;
    __m128i cdgh = state->cdgh;
    __m128i words[4]; /* the last sixteen, in turn */
    for (size_t i = 0; i < ROUNDS / 4; i++) {
        __m128i *now = &words[i % 4];
        __m128i last = words[(i + 3) % 4];
        if (i < 4)
            *now = load(block + 16 * i);
        else
            *now =
                _mm_sha256msg2_epu32(_mm_add_epi32(_mm_sha256msg1_epu32(*now, words[(i + 1) % 4]),
                                                   _mm_alignr_epi8(last, words[(i + 2) % 4], 4)),
                                     last);
        __m128i four =
            _mm_add_epi32(*now, _mm_load_si128((const __m128i *)(const void *)&CONSTANTS[4 * i]));
        cdgh = _mm_sha256rnds2_epu32(cdgh, abef, four);
        abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(four, 0x0e));
    }
    state->abef = _mm_add_epi32(state->abef, abef);
    state->cdgh = _mm_add_epi32(state->cdgh, cdgh);
}

/* What is left, a bit that is set, zeros, and the number of bits. */
WITH_SHA static void add_end(State *state, const uint8_t *rest, size_t rest_bytes, size_t size)
{
    uint8_t end[2 * BLOCK_BYTES] = {0};
    size_t end_bytes = rest_bytes + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : sizeof(end);
    if (rest_bytes > 0)
        memcpy(end, rest, rest_bytes);
    end[rest_bytes] = 0x80;
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        end[end_bytes - 1 - i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
    for (size_t at = 0; at < end_bytes; at += BLOCK_BYTES)
        add_block(state, end + at);
}

WITH_SHA static void put_words(const State *state, uint8_t ret_hash[SHA_BYTES])
{
    uint32_t lanes[WORDS];
    static const size_t LANES[WORDS] = {3, 2, 7, 6, 1, 0, 5, 4}; /* of A to H */
    _mm_storeu_si128((__m128i *)(void *)lanes, state->abef);
    _mm_storeu_si128((__m128i *)(void *)(lanes + 4), state->cdgh);
    for (size_t i = 0; i < WORDS; i++) {
        uint32_t word = __builtin_bswap32(lanes[LANES[i]]);
        memcpy(ret_hash + sizeof(word) * i, &word, sizeof(word));
    }
}

WITH_SHA static void hash(const uint8_t *bytes, size_t size, uint8_t ret_hash[SHA_BYTES])
{
    State state = {
        .abef = _mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
        .cdgh = _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19),
    };
    size_t at = 0;
    for (; size - at >= BLOCK_BYTES; at += BLOCK_BYTES)
        add_block(&state, bytes + at);
    add_end(&state, bytes + at, size - at, size);
    put_words(&state, ret_hash);
}

bool sha_hash(const void *bytes, size_t size, uint8_t ret_hash[SHA_BYTES])
{
    static atomic_int there = -1; /* whoever asks first finds the same */
    if (there < 0)
        there = is_there();
    if (there > 0)
        hash(bytes, size, ret_hash);
    return there > 0;
}

#else

bool sha_hash(const void *bytes, size_t size, uint8_t ret_hash[SHA_BYTES])
{
    UNUSED(bytes);
    UNUSED(size);
    UNUSED(ret_hash);
    return false;
}

#endif
