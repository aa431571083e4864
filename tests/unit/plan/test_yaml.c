/* Bombs and broken bytes: each gives one clean error with its place, whatever its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bounds.h"
#include "base/text.h"
#include "plan/config.h"

#include <stdlib.h>
#include <string.h>

static char *repeated(const char *head, const char *piece, size_t times, const char *tail)
{
    Text text;
    text_init(&text, BOUND_YAML_BYTES * 2);
    text_append(&text, head);
    for (size_t i = 0; i < times; i++)
        text_append(&text, piece);
    text_append(&text, tail);
    return text_take(&text);
}

/* message: what it must begin with */
static void refuses(const char *text, size_t bytes, const char *message)
{
    Config *config = NULL;
    Error err = {0};
    assert_false(config_parse("headgate.yaml", text, bytes, &config, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    if (strncmp(err.message, message, strlen(message)) != 0)
        fail_msg("expected %s\ngot %s", message, err.message);
}

static void refuses_text(char *text, const char *message)
{
    refuses(text, strlen(text), message);
    free(text);
}

static void depth(void **state)
{
    UNUSED(state);
    refuses_text(repeated("a: ", "[", 1000000, ""), "headgate.yaml:1:67: nested deeper than 64");
    refuses_text(repeated("", "- ", 500000, "x"), "headgate.yaml:1:129: nested deeper than 64");
    refuses_text(repeated("a: ", "{a: ", 200000, ""), "headgate.yaml:1:256: nested deeper than 64");
}

static void size(void **state)
{
    UNUSED(state);
    refuses_text(repeated("a: ", "x", BOUND_YAML_BYTES, ""),
                 "headgate.yaml:1:1: the file is larger than 1024 KiB");
    refuses_text(repeated("a: [", "a,", BOUND_YAML_NODES + 1, "]"),
                 "headgate.yaml:1:199999: more than 100000 values");
}

static void aliases(void **state)
{
    UNUSED(state);
    refuses_text(base_strdup("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"),
                 "headgate.yaml:1:4: anchors (\"&a\")");
    refuses_text(repeated("a: [", "*x,", 10000, "]"), "headgate.yaml:1:5: aliases (\"*x\")");
}

static void many_keys(void **state)
{
    UNUSED(state);
    AUTO(text_done) Text text;
    text_init(&text, BOUND_YAML_BYTES);
    for (int i = 0; i < 40000; i++)
        text_printf(&text, "k%d: v\n", i);
    text_append(&text, "k39999: again\n");
    refuses(text_string(&text), text.length_bytes,
            "headgate.yaml:40001:1: duplicate key \"k39999\" (first in line 40000)");
}

static void many_thresholds_on_one_line(void **state)
{
    UNUSED(state);
    refuses_text(repeated("environments: { a: { alerts: { ", "x: > 1, ", 100000, "} } }"),
                 "headgate.yaml:1:40: duplicate key \"x\" (first in line 1)");
    refuses_text(repeated("a: [", "{x: > 1},", 30000, "}"),
                 "headgate.yaml:1:270005: did not find expected");
    refuses_text(repeated("", "x: >5\n", 100000, ""), "headgate.yaml:2:1: duplicate key");
    refuses_text(repeated("", "\n", 500000, "x: >5\n\""), "headgate.yaml:");
}

static void broken_bytes(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } BROKEN[] = {
        {"a: b\nc: \xC3(\n", 9, "headgate.yaml:2:4: not UTF-8 (byte 0xC3)"},
        {"a: \xC0\xAF\n", 6, "headgate.yaml:1:4: not UTF-8 (byte 0xC0)"},
        {"a: \xED\xA0\x80\n", 7, "headgate.yaml:1:4: not UTF-8 (byte 0xED)"},
        {"a: \xF4\x90\x80\x80\n", 8, "headgate.yaml:1:4: not UTF-8 (byte 0xF4)"},
        {"a: \xE2\x82", 5, "headgate.yaml:1:4: not UTF-8 (byte 0xE2)"},
        {"\xFF\xFE"
         "a\0:\0",
         6, "headgate.yaml:1:1: not UTF-8 (byte 0xFF)"},
        {"a: \xC3\xA4\xC3\xA4\0\n", 9, "headgate.yaml:1:6: control character 0x00"},
        {"a: \x1B[31m\n", 9, "headgate.yaml:1:4: control character 0x1B"},
        {"version: \"1\\0\"\n", 15, "headgate.yaml:1:10: a text must not contain"},
        {"a: \"\\q\"\n", 8, "headgate.yaml:1:5: found unknown escape character"},
        {"a: \"b\n", 6, "headgate.yaml:2:1: found unexpected end of stream"},
        {"a: \xC3\xA4: b\n", 9, "headgate.yaml:1:5: mapping values are not allowed"},
    };
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(BROKEN); i++)
        refuses(BROKEN[i].bytes, BROKEN[i].size, BROKEN[i].message);
}

/* Every prefix and every byte left out of a good file: an error or a configuration, never a crash.
 */
static void mutilated(void **state)
{
    static const char GOOD[] =
        "version: 1\nstate: { target: app }\ntargets:\n  app: { url: \"host=x password='p'\" }\n"
        "metrics:\n  m:\n    sql: |\n      SELECT 1\n    unit: '%'\nenvironments:\n  a:\n"
        "    alerts:\n      g:\n        m: > 80%  # note\n    goals: { m: <= 3 for 5m, n: != 2 }\n";
    UNUSED(state);
    char text[sizeof(GOOD)];
    for (size_t i = 0; i < sizeof(GOOD) - 1; i++) {
        Error err = {0};
        Config *config = NULL;
        if (config_parse("x", GOOD, i, &config, &err))
            config_free(config);
        memcpy(text, GOOD, i);
        memcpy(text + i, GOOD + i + 1, sizeof(GOOD) - i - 1);
        if (config_parse("x", text, sizeof(GOOD) - 2, &config, &err))
            config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth),
        cmocka_unit_test(size),
        cmocka_unit_test(aliases),
        cmocka_unit_test(many_keys),
        cmocka_unit_test(many_thresholds_on_one_line),
        cmocka_unit_test(broken_bytes),
        cmocka_unit_test(mutilated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
