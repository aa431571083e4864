/* The history and the log of a run in pages: filters and counts. */
#include "seed.h"

enum { MANY = 20000 };

static const char STORY[] =
    "SELECT headgate.event_append(7, 3, 'log', 1, 'log', 'expand/column', "
    "'{\"level\": \"info\", \"text\": \"100% of it + more\"}');"
    "SELECT headgate.event_append(7, 3, 'log', 2, 'log', 'expand/column_2', "
    "'{\"level\": \"warn\", \"text\": \"Slow disk\"}');"
    "SELECT headgate.event_append(7, 3, 'step', 1, 'step.state', 'expand/column', "
    "'{\"kind\": \"step\", \"to\": \"failed\", \"error\": {\"message\": \"no such table\"}}');"
    "SELECT headgate.event_append(7, 3, 'progress', 1, 'step.progress', 'backfill/rows', "
    "'{\"done\": 5}');";

static int serve_story(void **state)
{
    if (serve_seeded(state) != 0)
        return -1;
    sql(STORY);
    return 0;
}

/* How many entries, the first one's seq, and the total of a page. */
static void expect_page(const char *what, const char *query, size_t count, const char *first,
                        json_int_t total)
{
    char path[256];
    snprintf(path, sizeof(path), "/api/runs/7/%s%s", what, query);
    Reply reply = ask_as("vera", "GET", path, "", NULL);
    const json_t *list = at(reply.json, strcmp(what, "log") == 0 ? "lines" : "events");
    assert_int_equal(reply.status, 200);
    if (json_array_size(list) != count || (count > 0 && strcmp(text_at(list, "0.seq"), first) != 0))
        fail_msg("%s: %s", path, reply.body);
    if (total >= 0)
        assert_int_equal(json_integer_value(at(reply.json, "total")), total);
    else
        assert_true(json_is_null(at(reply.json, "total")));
    reply_done(&reply);
}

static void events_are_filtered_and_counted(void **state)
{
    UNUSED(state);
    expect_page("events", "", 7, "1", -1);
    expect_page("events", "?count=1&limit=2&before=7", 2, "5", 7);
    expect_page("events", "?type=log,step.progress&count=1", 3, "4", 3);
    expect_page("events", "?level=error&count=1", 1, "6", 1);
    expect_page("events", "?level=warn", 2, "5", -1);
    expect_page("events", "?level=info&path=backfill", 1, "3", -1);
    /* what is below a node, not what begins with the same letters */
    expect_page("events", "?path=expand/column&count=1&limit=1", 1, "4", 2);
    expect_page("events", "?path=expand&count=1&limit=1", 1, "4", 3);
    expect_page("events", "?q=SLOW+disk", 1, "5", -1);
    expect_page("events", "?q=100%25%20of%20it%20%2B", 1, "4", -1);
    expect_page("events", "?q=nowhere&count=1", 0, "", 0);
}

static void the_log_is_what_can_be_read(void **state)
{
    UNUSED(state);
    expect_page("log", "?count=1", 5, "1", 5);
    expect_page("log", "?before=5", 3, "1", -1);
    expect_page("log", "?since=4&level=error", 1, "6", -1);
    Reply reply = ask_as("vera", "GET", "/api/runs/7/log?q=TABLE", "", NULL);
    assert_string_equal(text_at(reply.json, "lines.0.text"), "step failed: no such table");
    assert_string_equal(text_at(reply.json, "lines.0.level"), "error");
    assert_string_equal(text_at(reply.json, "lines.0.path"), "expand/column");
    assert_string_equal(text_at(reply.json, "lines.0.type"), "step.state");
    assert_string_equal(text_at(reply.json, "seq"), "7");
    reply_done(&reply);
    reply = ask_as("vera", "GET", "/api/runs/7/events?since=5&limit=1", "", NULL);
    assert_string_equal(text_at(reply.json, "events.0.level"), "error");
    reply_done(&reply);
}

static void wrong_arguments_are_refused(void **state)
{
    UNUSED(state);
    char path[600];
    snprintf(path, sizeof(path), "/api/runs/7/log?q=%0*d", 401, 0);
    expect_error(ask_as("vera", "GET", path, "", NULL), 400, "q is longer than 400 bytes");
    expect_error(ask_as("vera", "GET", "/api/runs/7/log?level=fatal", "", NULL), 400,
                 "level is error, warn, info or debug, not \"fatal\"");
    expect_error(ask_as("vera", "GET", "/api/runs/7/events?count=2", "", NULL), 400,
                 "count is a number from 0 to 1, not \"2\"");
    expect_error(ask_as("vera", "GET", "/api/runs/99/log", "", NULL), 404, "there is no run 99");
}

static void the_newest_of_many_come_first(void **state)
{
    UNUSED(state);
    char text[200];
    snprintf(text, sizeof(text),
             "INSERT INTO headgate.event (run, seq, epoch, source, version, type, data, hash) "
             "SELECT 7, n, 3, "
             "'many', n, 'log', '{\"text\": \"line\"}', '' FROM generate_series(8, %d) AS n",
             MANY);
    sql(text);
    snprintf(text, sizeof(text), "UPDATE headgate.run SET last_seq = %d WHERE id = 7", MANY);
    sql(text);
    expect_page("log", "?before=20001&limit=500", 500, "19501", -1);
    expect_page("events", "?before=20001&limit=500&count=1", 500, "19501", MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_filtered_and_counted),
        cmocka_unit_test(the_log_is_what_can_be_read),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(the_newest_of_many_come_first),
    };
    return cmocka_run_group_tests(tests, serve_story, unserve);
}
