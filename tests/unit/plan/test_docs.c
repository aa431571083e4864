/* The tables are complete, and the committed pages are those they give. HEADGATE_REGENERATE=1
 * writes the pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/docs.h"
#include "plan/setting.h"
#include "plan/word.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_BYTES_MAX = 1024 * 1024 };

static void check_page(const char *path, void (*print)(Text *out))
{
    AUTO(text_done) Text page;
    text_init(&page, PAGE_BYTES_MAX);
    print(&page);
    assert_false(page.overflowed);
    if (getenv("HEADGATE_REGENERATE") != NULL) {
        FILE *out = fopen(path, "we");
        assert_non_null(out);
        fputs(text_string(&page), out);
        fclose(out);
    }
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail_msg("%s is not there: run this test with HEADGATE_REGENERATE=1", path);
    AUTO(base_free) char *committed = base_alloc(PAGE_BYTES_MAX);
    fread(committed, 1, PAGE_BYTES_MAX - 1, file);
    fclose(file);
    if (strcmp(committed, text_string(&page)) != 0)
        fail_msg("%s differs from the tables: run this test with HEADGATE_REGENERATE=1", path);
}

static void plan_reference(void **state)
{
    UNUSED(state);
    check_page(HEADGATE_SOURCE_DIR "/docs/plan-reference.md", plan_docs_reference);
}

static void configuration(void **state)
{
    UNUSED(state);
    check_page(HEADGATE_SOURCE_DIR "/docs/configuration.md", plan_docs_config);
}

static void types_name_every_word(void **state)
{
    UNUSED(state);
    AUTO(text_done) Text types;
    text_init(&types, PAGE_BYTES_MAX);
    plan_docs_types(&types);
    const PlanWord *word;
    for (size_t i = 0; (word = plan_word_at(i)) != NULL; i++) {
        AUTO(base_free) char *head = base_printf("\nfunction %s(", word->name);
        if (strstr(text_string(&types), head) == NULL)
            fail_msg("no function for %s", word->name);
    }
}

static void keys_are_described(const PlanKey *keys)
{
    for (const PlanKey *key = keys; key != NULL && key->name != NULL; key++) {
        if (text_empty(key->doc))
            fail_msg("key %s has no doc", key->name);
        assert_true((key->type == KEY_CHOICE) == (key->choices != NULL));
        assert_false(key->required && key->fallback != NULL);
        keys_are_described(key->fields);
    }
}

static void every_word_and_key_is_described(void **state)
{
    UNUSED(state);
    const PlanWord *word;
    for (size_t i = 0; (word = plan_word_at(i)) != NULL; i++) {
        if (text_empty(word->doc) || text_empty(word->example))
            fail_msg("word %s has no doc or example", word->name);
        assert_ptr_equal(plan_word_find(word->name), word);
        keys_are_described(word->keys);
    }
}

/* The table is indexed by kind; a word of another kind in its place would check the wrong keys. */
static void kinds_stand_in_their_places(void **state)
{
    UNUSED(state);
    for (PlanKind kind = 0; kind < PLAN_KINDS; kind++)
        assert_int_equal(plan_word_of(kind)->kind, kind);
    for (size_t i = PLAN_KINDS; plan_word_at(i) != NULL; i++)
        assert_int_equal(plan_word_at(i)->kind, PLAN_KINDS);
    for (KeyType type = 0; type < KEY_TYPES; type++) {
        assert_non_null(plan_key_type_text(type));
        assert_non_null(plan_key_type_lua(type));
    }
}

/* A misspelt key in a rule would never fire. */
static void rules_name_keys_that_exist(void **state)
{
    UNUSED(state);
    for (PlanKind kind = 0; kind < PLAN_KINDS; kind++) {
        const PlanWord *word = plan_word_of(kind);
        for (const PlanRule *rule = word->rules; rule != NULL && rule->keys != NULL; rule++) {
            AUTO(base_free) char *keys = base_strdup(rule->keys);
            char *rest = NULL;
            for (char *key = strtok_r(keys, " ", &rest); key != NULL;
                 key = strtok_r(NULL, " ", &rest)) {
                if (plan_word_key(word, key) == NULL)
                    fail_msg("a rule of %s names %s", word->name, key);
            }
        }
    }
}

static void settings_are_described(const PlanSetting *settings)
{
    for (const PlanSetting *setting = settings; setting != NULL && setting->name != NULL;
         setting++) {
        if (text_empty(setting->doc))
            fail_msg("setting %s has no doc", setting->name);
        settings_are_described(setting->fields);
    }
}

static void every_setting_is_described(void **state)
{
    UNUSED(state);
    settings_are_described(plan_setting_sections());
}

static void everything_but_the_plan_may_tick_boxes(void **state)
{
    UNUSED(state);
    for (PlanKind kind = 0; kind < PLAN_KINDS; kind++) {
        const PlanKey *key = plan_word_key(plan_word_of(kind), "ticks");
        if ((key != NULL) != (kind != PLAN_PLAN))
            fail_msg("%s: ticks is %s", plan_kind_name(kind), key == NULL ? "missing" : "there");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_but_the_plan_may_tick_boxes),
        cmocka_unit_test(plan_reference),
        cmocka_unit_test(configuration),
        cmocka_unit_test(types_name_every_word),
        cmocka_unit_test(every_word_and_key_is_described),
        cmocka_unit_test(kinds_stand_in_their_places),
        cmocka_unit_test(rules_name_keys_that_exist),
        cmocka_unit_test(every_setting_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
