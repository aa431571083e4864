/* Did you mean …? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/suggest.h"

static const char *nearest(const char *word)
{
    static const char *const WORDS[] = {"approvers", "evidence", "expires", "need", "ask"};
    Suggest suggest;
    suggest_init(&suggest, word);
    for (size_t i = 0; i < COUNT_OF(WORDS); i++)
        suggest_offer(&suggest, WORDS[i]);
    return suggest.best == NULL ? "" : suggest.best;
}

static void near_words_are_found(void **state)
{
    UNUSED(state);
    assert_string_equal(nearest("aprovers"), "approvers");   /* one missing */
    assert_string_equal(nearest("approverss"), "approvers"); /* one too many */
    assert_string_equal(nearest("apporvers"), "approvers");  /* two swapped */
    assert_string_equal(nearest("nede"), "need");
    assert_string_equal(nearest("evidense"), "evidence");
}

static void far_words_are_not(void **state)
{
    UNUSED(state);
    assert_string_equal(nearest("window"), "");
    assert_string_equal(nearest("ne"), "");
    assert_string_equal(nearest("x"), "");
    assert_string_equal(nearest(""), "");
    assert_string_equal(
        nearest("approversapproversapproversapproversapproversapproversapproversapprovers"), "");
}

static void the_nearest_goes_first(void **state)
{
    UNUSED(state);
    Suggest suggest;
    suggest_init(&suggest, "expirs");
    suggest_offer(&suggest, "empires");
    suggest_offer(&suggest, "expires");
    suggest_offer(&suggest, "expire");
    assert_string_equal(suggest.best, "expires"); /* of equals the first */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_words_are_found),
        cmocka_unit_test(far_words_are_not),
        cmocka_unit_test(the_nearest_goes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
