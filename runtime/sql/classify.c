/* One statement to one verdict. */
#include "sql/classify.h"

#include "sql/parse.h"

typedef struct Classifying {
    Arena *arena;
    SqlVerdict verdict;
} Classifying;

static void read_statement(json_t *stmts, void *ctx)
{
    Classifying *classifying = ctx;
    SqlVerdict *verdict = &classifying->verdict;
    if (json_array_size(stmts) != 1) {
        *verdict =
            (SqlVerdict){.class = SQL_REFUSED, .title = "", .why = "one statement is expected"};
        return;
    }
    json_t *tree = json_object_get(json_array_get(stmts, 0), "stmt");
    SqlFacts facts = sql_facts(classifying->arena, tree);
    const SqlRule *rule = sql_rule_find(&facts);
    *verdict = (SqlVerdict){
        .class = rule == NULL ? SQL_UNKNOWN : rule->class,
        .one_way = rule != NULL && rule->one_way,
        .title = rule == NULL ? "" : rule->title,
        .why = rule == NULL ? "this kind of statement is not known" : rule->why,
        .relations = facts.relations,
        .relations_count = facts.relations_count,
    };
}

SqlVerdict sql_classify(Arena *arena, const char *statement)
{
    Classifying classifying = {.arena = arena};
    SqlFault fault;
    Error error;
    if (!sql_parse_accepts(statement, &error))
        return (SqlVerdict){
            .class = SQL_REFUSED, .title = "", .why = arena_strdup(arena, error.message)};
    if (!sql_parse(statement, read_statement, &classifying, &fault))
        return (SqlVerdict){.class = fault.too_deep ? SQL_REFUSED : SQL_UNKNOWN,
                            .title = "",
                            .why = arena_strdup(arena, fault.message)};
    return classifying.verdict;
}
