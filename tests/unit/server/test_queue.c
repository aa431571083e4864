/* What waits for a viewer: frames are arrays in order, and there is a limit. */
#include "server/queue.h"

#include "base/bounds.h"
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool push(ServerQueue *queue, const char *text)
{
    ServerNote *note = note_new(text, strlen(text));
    bool ok = queue_push(queue, note);
    note_drop(note);
    return ok;
}

static void frames_are_arrays_in_order(void **state)
{
    UNUSED(state);
    ServerQueue queue = {0};
    char frame[BOUND_WS_FRAME_BYTES];
    assert_int_equal(queue_frame(&queue, frame, sizeof(frame)), 0);
    int64_t pushed = 0;
    int64_t popped = 0;
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < round; i++) {
            char text[24];
            snprintf(text, sizeof(text), "%d", (int)pushed++);
            assert_true(push(&queue, text));
        }
        size_t size = queue_frame(&queue, frame, 40);
        json_t *list = size == 0 ? json_array() : json_loadb(frame, size, 0, NULL);
        assert_non_null(list);
        for (size_t i = 0; i < json_array_size(list); i++)
            assert_int_equal(json_integer_value(json_array_get(list, i)), popped++);
        json_decref(list);
    }
    while (queue_frame(&queue, frame, sizeof(frame)) > 0)
        continue;
    assert_int_equal(queue.bytes, 0);
    assert_int_equal(queue.count, 0);
    queue_done(&queue);
}

static void there_is_a_limit(void **state)
{
    UNUSED(state);
    ServerQueue queue = {0};
    char *big = calloc(1, BOUND_WS_FRAME_BYTES + 1);
    memset(big, ' ', BOUND_WS_FRAME_BYTES - 2);
    size_t taken = 0;
    while (push(&queue, big))
        taken++;
    assert_int_equal(taken, BOUND_WS_QUEUE_BYTES / (BOUND_WS_FRAME_BYTES - 2));
    assert_true(queue.bytes <= BOUND_WS_QUEUE_BYTES);
    queue_clear(&queue);
    assert_true(push(&queue, big));
    char frame[BOUND_WS_FRAME_BYTES];
    assert_int_equal(queue_frame(&queue, frame, sizeof(frame)), BOUND_WS_FRAME_BYTES);
    memset(big, ' ', BOUND_WS_FRAME_BYTES);
    assert_false(push(&queue, big)); /* would never fit into a frame */
    ServerNote *note = note_new(big, BOUND_WS_FRAME_BYTES - 2);
    assert_true(note_fits(note));
    note_drop(note);
    note = note_new(big, BOUND_WS_FRAME_BYTES - 1);
    assert_false(note_fits(note));
    note_drop(note);
    free(big);
    queue_done(&queue);
}

static void notes_are_shared(void **state)
{
    UNUSED(state);
    ServerQueue queues[10] = {0};
    ServerNote *note = note_new("{}", 2);
    for (size_t i = 0; i < COUNT_OF(queues); i++)
        assert_true(queue_push(&queues[i], note));
    assert_int_equal(note->references, 11);
    note_drop(note);
    for (size_t i = 0; i < COUNT_OF(queues); i++)
        queue_done(&queues[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_arrays_in_order),
        cmocka_unit_test(there_is_a_limit),
        cmocka_unit_test(notes_are_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
