/* Columns without old values. */
#include "data/unkept.h"

#include "base/bounds.h"

#include <string.h>

static bool is_restricted(const DataJob *job)
{
    return !job->options.save_old && job->options.dropped.count > 0;
}

bool data_unkept_allows(const DataJob *job, const char *column)
{
    const DataNames *dropped = &job->options.dropped;
    return !is_restricted(job) || data_names_have(dropped, "*") || data_names_have(dropped, column);
}

static bool check(const DataJob *job, const char *column, Error *err)
{
    return data_unkept_allows(job, column) ||
           error_set(err, ERROR_INPUT,
                     "map writes column \"%s\" too, which no undo of an earlier step drops: make "
                     "that a backfill of its own, whose name ends with it, so that its old values "
                     "are kept",
                     column);
}

/* The names of the columns that one choice sets. */
static bool check_choice(const DataJob *job, const DataDocument *choices, uint32_t choice,
                         Error *err)
{
    uint32_t set = data_document_find(choices, choice, "set", strlen("set"));
    bool object = set != DOCUMENT_NONE && data_document_node(choices, set)->kind == DOCUMENT_OBJECT;
    uint32_t name = set + 1;
    Text scratch;
    text_init(&scratch, BOUND_DOCUMENT_BYTES);
    bool ok = true;
    for (uint32_t i = 0; ok && object && i < data_document_node(choices, set)->count; i++) {
        size_t bytes;
        const char *text = data_document_string(choices, name, &scratch, &bytes);
        AUTO(base_free) char *column = base_strndup(text, bytes);
        ok = check(job, column, err);
        name = data_document_node(choices, data_document_node(choices, name)->next)->next;
    }
    text_done(&scratch);
    return ok;
}

static bool check_choices(const DataJob *job, const char *text, Error *err)
{
    DataDocument choices = {0};
    bool ok = data_document_parse(&choices, text, strlen(text), err);
    bool list = ok && data_document_node(&choices, 0)->kind == DOCUMENT_ARRAY;
    uint32_t choice = 1;
    for (uint32_t i = 0; ok && list && i < data_document_node(&choices, 0)->count; i++) {
        ok = check_choice(job, &choices, choice, err);
        choice = data_document_node(&choices, choice)->next;
    }
    data_document_done(&choices);
    return ok;
}

bool data_unkept_check(const DataJob *job, const DataMapped *mapped, Error *err)
{
    if (!is_restricted(job))
        return true;
    for (size_t i = 0; i < mapped->writes_count; i++) {
        if (!check(job, mapped->writes[i].column->name, err))
            return false;
    }
    return mapped->choices == NULL || check_choices(job, mapped->choices, err);
}
