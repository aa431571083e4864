/* Configurations as files: those of our own plans, the page's example, none at all; and what
 * readers ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bounds.h"
#include "base/text.h"
#include "plan/config.h"
#include "plan/docs.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Config *parsed(const char *text)
{
    Config *config = NULL;
    Error err = {0};
    if (!config_parse("headgate.yaml", text, strlen(text), &config, &err))
        fail_msg("%s", err.message);
    return config;
}

static void those_of_our_plans_are_good(void **state)
{
    glob_t found;
    UNUSED(state);
    assert_int_equal(glob(HEADGATE_SOURCE_DIR "/plans/*/headgate.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        Config *config = NULL;
        Error err = {0};
        if (!config_read(found.gl_pathv[i], &config, &err))
            fail_msg("%s", err.message);
        assert_true(config->environments_count > 0);
        config_free(config);
    }
    globfree(&found);
}

static void the_example_of_the_page_is_good(void **state)
{
    UNUSED(state);
    AUTO(text_done) Text page;
    text_init(&page, 1024 * 1024);
    plan_docs_config(&page);
    char *start = strstr(page.data, "```yaml\n");
    assert_non_null(start);
    start += strlen("```yaml\n");
    char *end = strstr(start, "```");
    assert_non_null(end);
    *end = '\0';
    setenv("DATABASE_URL", "host=/run/pg password=geheimnis", 1);
    Config *config = parsed(start);
    const ConfigEnvironment *production = config_environment(config, NULL);
    assert_non_null(production);
    assert_string_equal(config_target(production, "app")->url, "host=/run/pg password=geheimnis");
    assert_string_equal(config_target(production, "app")->shown, "host=/run/pg");
    assert_int_equal(production->thresholds[0].for_us, INT64_C(300000000));
    assert_true(config_role_has(config_role(production, "admin"), "bob"));
    assert_false(config_role_has(config_role(production, "product"), "bob"));
    config_free(config);
    unsetenv("DATABASE_URL");
}

static void without_a_file_there_is_one_environment(void **state)
{
    Config *config = NULL;
    Error err = {0};
    UNUSED(state);
    assert_true(config_read("/nonexistent/headgate.yaml", &config, &err));
    const ConfigEnvironment *environment = config_environment(config, NULL);
    assert_string_equal(environment->name, "default");
    assert_ptr_equal(environment, config_environment(config, "default"));
    assert_string_equal(config_target(environment, "app")->url, "");
    assert_int_equal(environment->guard_interval_us, 15000000);
    assert_int_equal(environment->soak_us, -1);
    assert_null(config_target(environment, "other"));
    assert_null(config_environment(config, "production"));
    config_free(config);
}

static void among_several_environments_one_must_be_named(void **state)
{
    UNUSED(state);
    Config *config = parsed("environments: { a: {}, b: {} }");
    assert_null(config_environment(config, NULL));
    assert_non_null(config_environment(config, "b"));
    config_free(config);
    config = parsed("environments: { a: {}, default: {} }");
    assert_string_equal(config_environment(config, NULL)->name, "default");
    config_free(config);
}

/* Whoever forgets to ask must not end up in the database of the PG* variables. */
static void a_missing_variable_never_connects_elsewhere(void **state)
{
    Error err = {0};
    UNUSED(state);
    Config *config = parsed("targets: { app: { url: \"${HEADGATE_TEST_UNSET_URL}\" } }");
    const ConfigTarget *target = config_target(config_environment(config, NULL), "app");
    assert_false(config_target_ready(target, &err));
    assert_string_equal(
        err.message,
        "headgate.yaml:1:24: ${HEADGATE_TEST_UNSET_URL} is not set in the environment");
    assert_null(strchr(target->url, '='));
    assert_true(strlen(target->url) > 0);
    config_free(config);
}

static void a_group_goes_before_an_environment_of_its_name(void **state)
{
    size_t count = 0;
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    Config *config = parsed("environments:\n"
                            "  a: { alerts: { b: { x: > 1 }, y: > 2 }, goals: { z: < 3 } }\n"
                            "  b: { alerts: { g: { x: > 4 } }, goals: { z: < 5 } }\n");
    const ConfigEnvironment *a = config_environment(config, "a");
    const ConfigEnvironment *b = config_environment(config, "b");
    const Threshold **found = config_thresholds(config, a, "b", arena, &count);
    assert_int_equal(count, 1);
    assert_string_equal(found[0]->text, "> 1");
    assert_true(found[0]->is_alert);
    found = config_thresholds(config, b, "b", arena, &count);
    assert_int_equal(count, 2);
    assert_false(found[1]->is_alert);
    found = config_thresholds(config, b, "a", arena, &count);
    assert_int_equal(count, 3);
    assert_null(config_thresholds(config, a, "c", arena, &count));
    config_free(config);
}

/* What a target says stands on what the common one says, which stands on the defaults. */
static void a_throttle_is_put_together_key_by_key(void **state)
{
    UNUSED(state);
    Config *config = parsed("targets: { app: { throttle: { replica_lag: 2s, autovacuum: any, "
                            "metrics: { p95: > 200ms } } } }\n"
                            "environments:\n"
                            "  a: { targets: { app: { throttle: { blocked: 1s } } } }\n"
                            "  b: { targets: { app: { throttle: { metrics: { q: > 5 } } } } }\n");
    const ConfigThrottle *a = &config_target(config_environment(config, "a"), "app")->throttle;
    assert_int_equal(a->replica_lag_us, 2000000);
    assert_int_equal(a->blocked_us, 1000000);
    assert_int_equal(a->wal_backlog_mib, 1024);
    assert_int_equal(a->active_sessions, 0);
    assert_int_equal(a->autovacuum, VACUUM_ANY);
    assert_int_equal(a->metrics_count, 1);
    const ConfigThrottle *b = &config_target(config_environment(config, "b"), "app")->throttle;
    assert_int_equal(b->metrics_count, 1);
    assert_string_equal(b->metrics[0].metric, "q");
    assert_int_equal(b->blocked_us, 500000);
    config_free(config);
}

static void a_throttle_takes_only_upper_limits(void **state)
{
    static const char *const WRONG[] = {"< 5", "> 0", ">= -1"};
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(WRONG); i++) {
        char text[128];
        Config *config = NULL;
        Error err = {0};
        snprintf(text, sizeof(text), "targets: { app: { throttle: { metrics: { q: \"%s\" } } } }",
                 WRONG[i]);
        assert_false(config_parse("headgate.yaml", text, strlen(text), &config, &err));
        if (strstr(err.message, "what throttles is a number that is too high") == NULL)
            fail_msg("%s: %s", WRONG[i], err.message);
        assert_true(text_starts(err.message, "headgate.yaml:1:"));
    }
}

/* What config_shown() says of a metric that GETs url. */
static json_t *metric_of(const char *url)
{
    char text[256];
    snprintf(text, sizeof(text),
             "metrics: { m: { http: { url: \"%s\" } } }\nenvironments: { a: {} }\n", url);
    Config *config = parsed(text);
    AUTO(json_auto) json_t *shown = config_shown(config, config_environment(config, "a"));
    json_t *metric = json_incref(json_object_get(json_object_get(shown, "metrics"), "m"));
    config_free(config);
    return metric;
}

static void addresses_of_metrics_are_shown_without_secrets(void **state)
{
    static const char *const CASES[][2] = {
        {"https://mon.example/api?api_key=SECRET", "https://mon.example/api?***"},
        {"https://SECRET@mon.example/", "https://***@mon.example/"},
        {"https://u:p@SECRET@mon.example", "https://***@mon.example"},
        {"https://u:SECRET@mon.example/@me?at=SECRET", "https://***@mon.example/@me?***"},
        {"https://mon.example/api#SECRET", "https://mon.example/api?***"},
        {"${service}/api?key=SECRET&to=https://x", "${service}/api?***"},
        {"${service}/@me", "${service}/@me"},
    };
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(CASES); i++) {
        AUTO(json_auto) json_t *metric = metric_of(CASES[i][0]);
        AUTO(base_free) char *text = json_canonical(metric);
        assert_string_equal(json_get_string(metric, "url", ""), CASES[i][1]);
        assert_null(strstr(text, "SECRET"));
    }
}

static bool same(const char *url, const char *other)
{
    AUTO(json_auto) json_t *one = metric_of(url);
    AUTO(json_auto) json_t *two = metric_of(other);
    return json_equal(one, two);
}

/* Digests are over what is shown. */
static void what_changes_a_measurement_changes_what_is_shown(void **state)
{
    UNUSED(state);
    assert_true(same("http://u:old@h/p95?window=1m", "http://u:new@h/p95?window=1m"));
    assert_false(same("http://h/p95?window=1m", "http://h/p95?window=1h"));
    assert_false(same("http://h/p95?window=1m", "http://h/p95"));
    assert_false(same("http://tenant1:key@h/", "http://tenant2:key@h/"));
    assert_false(same("http://u:key@h/", "http://h/"));
}

static void a_list_has_a_limit(void **state)
{
    UNUSED(state);
    for (int extra = 0; extra < 2; extra++) {
        Config *config = NULL;
        Error err = {0};
        AUTO(text_done) Text text;
        text_init(&text, BOUND_YAML_BYTES);
        text_append(&text, "environments:\n  a:\n    approvers:\n      dba: [p");
        for (int i = 1; i < BOUND_YAML_ENTRIES + extra; i++)
            text_printf(&text, ", p%d", i);
        text_append(&text, "]\n");
        bool ok = config_parse("headgate.yaml", text.data, text.length_bytes, &config, &err);
        assert_true(ok == (extra == 0));
        if (!ok)
            assert_string_equal(
                err.message,
                "headgate.yaml:4:12: this list has 1001 entries; at most 1000 are read");
        config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_of_our_plans_are_good),
        cmocka_unit_test(the_example_of_the_page_is_good),
        cmocka_unit_test(without_a_file_there_is_one_environment),
        cmocka_unit_test(among_several_environments_one_must_be_named),
        cmocka_unit_test(a_missing_variable_never_connects_elsewhere),
        cmocka_unit_test(a_throttle_is_put_together_key_by_key),
        cmocka_unit_test(a_throttle_takes_only_upper_limits),
        cmocka_unit_test(addresses_of_metrics_are_shown_without_secrets),
        cmocka_unit_test(what_changes_a_measurement_changes_what_is_shown),
        cmocka_unit_test(a_list_has_a_limit),
        cmocka_unit_test(a_group_goes_before_an_environment_of_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
