/* Boxes of Markdown documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bounds.h"
#include "base/text.h"
#include "plan/box.h"

#include <stdlib.h>
#include <string.h>

typedef struct Read {
    Arena *arena;
    PlanBoxes *boxes;
} Read;

static Read read_document(const char *text)
{
    Read read = {.arena = arena_new()};
    Error err = {0};
    if (!plan_box_read(read.arena, "d.md", text, &read.boxes, &err))
        fail_msg("%s", err.message);
    return read;
}

/* The addresses of all boxes, one a line. */
static void expect(const char *text, const char *addresses)
{
    Read read = read_document(text);
    AUTO(text_done) Text out;
    text_init(&out, 1024 * 1024);
    for (size_t i = 0; i < read.boxes->boxes_count; i++)
        text_printf(&out, "%d %s\n", read.boxes->boxes[i].line,
                    plan_box_address(read.arena, read.boxes, &read.boxes->boxes[i]));
    assert_string_equal(text_string(&out), addresses);
    arena_free(read.arena);
}

static void every_kind_of_item(void **state)
{
    UNUSED(state);
    expect("- [ ] minus\n* [x] star\n+ [X] plus\n1. [ ] number\n23) [ ] bracket\n",
           "1 minus\n2 star\n3 plus\n4 number\n5 bracket\n");
    expect("- [] none\n- [y] none\n-[ ] none\n- [ ]none\n- [ ]\n- [ ]  \n[ ] none\n", "");
    Read read = read_document("- [ ] a\n  - [x] b\n");
    assert_false(read.boxes->boxes[0].claimed);
    assert_true(read.boxes->boxes[1].claimed);
    assert_int_equal(read.boxes->boxes[0].column, 3);
    assert_int_equal(read.boxes->boxes[1].column, 5);
    arena_free(read.arena);
}

static void headings(void **state)
{
    UNUSED(state);
    expect("- [ ] zero\n# One #\n- [ ] a\n### Three\n- [ ] b\n## Two\n- [ ] c\nTitle\n=====\n"
           "- [ ] d\nLess\n---\n- [ ] e\n#no heading\n- [ ] f\n####### no\n",
           "1 zero\n3 One > a\n5 One > Three > b\n7 One > Two > c\n10 Title > d\n"
           "13 Title > Less > e\n15 Title > Less > f\n");
    expect("# C# and **more**\n- [ ] a\n", "2 C# and more > a\n");
}

static void windows_lines_and_a_mark_in_front(void **state)
{
    UNUSED(state);
    expect(
        "\xEF\xBB\xBF# Head\r\n\r\n- [ ] one\r\n  and more\r\n- [x] two\r\n\r\n---\r\n- [ ] three",
        "3 Head > one and more\n5 Head > two\n8 Head > three\n");
}

static void nested_lists(void **state)
{
    UNUSED(state);
    expect("- [ ] a\n  - [ ] b\n    - [ ] c\n  - [ ] d\n- [ ] e\n\t- [ ] f\n",
           "1 a\n2 a > b\n3 a > b > c\n4 a > d\n5 e\n6 e > f\n");
    expect("- [ ] a\n\ntext between\n\n- [ ] b\n", "1 a\n5 b\n");
    expect("- no box\n  - [ ] a\n", "2 a\n");
    expect("> - [ ] quoted\n> - [ ] again\n", "1 quoted\n2 again\n");
}

static void code_and_comments_hold_no_boxes(void **state)
{
    UNUSED(state);
    expect("```\n- [ ] code\n```\n~~~~ md\n- [ ] code\n```\n~~~\n- [ ] code\n~~~~\n- [ ] a\n",
           "10 a\n");
    expect("    - [ ] code\n\n- [ ] a\n", "3 a\n");
    expect("<!-- - [ ] one -->\n<!--\n- [ ] two\n-->\n- [ ] a\n", "5 a\n");
    expect("- [ ] a\n  ```\n  - [ ] code\n  ```\n  - [ ] b\n", "1 a\n5 a > b\n");
    expect("- [ ] not closed\n```\n- [ ] code\n", "1 not closed\n");
}

static void texts_are_made_plain(void **state)
{
    UNUSED(state);
    expect("- [ ] **Bold**  `code` ~~gone~~ _kept_ a*b\n", "1 Bold code gone _kept_ ab\n");
    expect("- [ ] wraps\n  over\n  three lines\n\n  not this\n- [ ] b\n",
           "1 wraps over three lines\n6 b\n");
}

static void ten_thousand(void **state)
{
    UNUSED(state);
    AUTO(text_done) Text text;
    text_init(&text, BOUND_BOX_DOCUMENT_BYTES);
    for (int i = 0; i < 10000; i++)
        text_printf(&text, "- [ ] box number %d\n", i);
    Read read = read_document(text_string(&text));
    assert_int_equal(read.boxes->boxes_count, 10000);
    assert_string_equal(read.boxes->boxes[9999].text, "box number 9999");
    assert_int_equal(read.boxes->boxes[9999].line, 10000);
    arena_free(read.arena);
}

static void too_much(void **state)
{
    UNUSED(state);
    AUTO(text_done) Text text;
    text_init(&text, 2 * BOUND_BOX_DOCUMENT_BYTES);
    for (int i = 0; i <= BOUND_BOXES; i++)
        text_append(&text, "- [ ] x\n");
    AUTO(arena_auto) Arena *arena = arena_new();
    PlanBoxes *boxes = NULL;
    Error err = {0};
    assert_false(plan_box_read(arena, "d.md", text_string(&text), &boxes, &err));
    assert_string_equal(err.message, "d.md:20001: more than 20000 boxes");
    for (int i = 0; i < BOUND_BOX_DOCUMENT_BYTES; i++)
        text_append_char(&text, 'x');
    assert_false(plan_box_read(arena, "d.md", text_string(&text), &boxes, &err));
    assert_string_equal(err.message, "d.md: more than 1048576 bytes");
}

static void hostile_texts_are_only_texts(void **state)
{
    UNUSED(state);
    expect("", "");
    expect("- [ ] \x01\xff\n", "1 \x01\xff\n");
    expect("#\n##\n###### ######\n- [ ] a\n", "4  >  >  > a\n");
    expect(">>>>>>\n- \n1.\n99999999999. [ ] none\n===\n---\n-->\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_item),
        cmocka_unit_test(headings),
        cmocka_unit_test(windows_lines_and_a_mark_in_front),
        cmocka_unit_test(nested_lists),
        cmocka_unit_test(code_and_comments_hold_no_boxes),
        cmocka_unit_test(texts_are_made_plain),
        cmocka_unit_test(ten_thousand),
        cmocka_unit_test(too_much),
        cmocka_unit_test(hostile_texts_are_only_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
