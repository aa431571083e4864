/* Parts of about a second: the first is small, the next are as large as the last one was fast. */
#include "data/pass.h"

#include "base/clock.h"

enum {
    PARTS_ROWS = 2000000, /* what a smaller table takes is not worth a second statement */
    FIRST_ROWS = 200000,
    PART_US = 1500000,
    GROWTH = 4,
};

bool data_pass_parts(const DataPass *pass, bool *ret_parts, Error *err)
{
    bool large = pass->table->rows_estimate > PARTS_ROWS ||
                 (pass->other != NULL && pass->other->rows_estimate > PARTS_ROWS);
    *ret_parts = large && pass->cuts->count > 0;
    if (!*ret_parts || pass->form->key_count > 1) /* then each range is a statement anyway */
        return true;
    return data_digest_in_order(pass->table, pass->form, ret_parts, err) &&
           (!*ret_parts || pass->other == NULL ||
            data_digest_in_order(pass->other, pass->form, ret_parts, err));
}

static size_t first_part(const DataPass *pass)
{
    int64_t ranges = (int64_t)pass->cuts->count + 1;
    int64_t part =
        pass->table->rows_estimate == 0 ? ranges : ranges * FIRST_ROWS / pass->table->rows_estimate;
    return part < 1 ? 1 : (size_t)part;
}

static size_t next_part(size_t part, int64_t took_us)
{
    size_t most = part * GROWTH;
    size_t next = took_us <= 0 ? most : (size_t)((int64_t)part * PART_US / took_us);
    return next < 1 ? 1 : next > most ? most : next;
}

static bool read_part(const DataPass *pass, size_t first, size_t count, int64_t *ret_took_us,
                      Error *err)
{
    AUTO(arena_auto) Arena *arena = arena_new();
    DataDigest *digests = arena_alloc(arena, count * sizeof(*digests));
    DataDigest *others = arena_alloc(arena, count * sizeof(*others));
    int64_t began_us = clock_monotonic_us();
    if (!data_digest_ranges(pass->table, pass->form, pass->cuts, first, count, arena, digests,
                            err) ||
        (pass->other != NULL && !data_digest_ranges(pass->other, pass->form, pass->cuts, first,
                                                    count, arena, others, err)))
        return false;
    *ret_took_us = clock_monotonic_us() - began_us;
    for (size_t i = 0; i < count; i++) {
        if (!pass->range(pass->ctx, first + i, &digests[i], pass->other == NULL ? NULL : &others[i],
                         err))
            return false;
    }
    return true;
}

bool data_pass_run(const DataPass *pass, Error *err)
{
    size_t ranges = pass->cuts->count + 1;
    size_t part = pass->parts ? first_part(pass) : ranges;
    size_t next = pass->first;
    while (next < ranges) {
        int64_t took_us = 0;
        size_t count = part < ranges - next ? part : ranges - next;
        if (!read_part(pass, next, count, &took_us, err))
            return false;
        next += count;
        if (pass->part != NULL && !pass->part(pass->ctx, next, err))
            return false;
        part = next_part(part, took_us);
    }
    return true;
}
