/* Reports. */
#include "cli/report.h"

#include "cli/steps.h"
#include "ledger/run.h"
#include "plan/param.h"

#include <inttypes.h>

bool cli_report_json(const CliReport *of, json_t **ret_report, Error *err)
{
    AUTO(json_auto) json_t *head = NULL;
    AUTO(json_auto) json_t *steps = NULL;
    AUTO(json_auto) json_t *gates = NULL;
    AUTO(json_auto) json_t *times = NULL;
    LedgerParams for_gates = {0};
    LedgerParams for_times = {0};
    Error why = {0};
    ledger_param_int(&for_gates, of->run);
    ledger_param_int(&for_times, of->run);
    if (!ledger_run_read(of->state, of->run, &head, err) ||
        !cli_steps(of->cli, of->context, of->state, head, &steps, &why, err) ||
        !ledger_call_json(of->state, "report_gates", &for_gates, &gates, err) ||
        !ledger_call_json(of->state, "report_times", &for_times, &times, err))
        return false;
    json_t *report = json_object();
    json_object_set(report, "run", head);
    json_object_set(report, "steps", steps == NULL ? json_null() : steps);
    json_set_string(report, "unavailable", steps == NULL ? why.message : NULL);
    json_object_set(report, "gates", gates);
    json_object_set(report, "times", times);
    *ret_report = report;
    return true;
}

static void heading(const json_t *head, const char *mark, Text *out)
{
    text_printf(out, "\n%sRun %" PRId64 " of %s on %s: %s\n", mark, json_get_int(head, "id", 0),
                json_get_string(head, "plan_name", ""), json_get_string(head, "environment", ""),
                json_get_string(head, "state", ""));
    text_printf(out, "plan %.12s, database %s, started by %s at %.19sZ\n",
                json_get_string(head, "plan", ""), json_get_string(head, "database", ""),
                json_get_string(head, "started_by", ""), json_get_string(head, "created_at", ""));
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get(head, "params"), name, value) {
        AUTO(base_free) char *shown = plan_param_shown(value);
        text_printf(out, "parameter %s = %s\n", name, shown);
    }
    if (json_get_string(head, "rollback_why", NULL) != NULL)
        text_printf(out, "rolled back: %s\n", json_get_string(head, "rollback_why", ""));
}

static const char *tick(const char *state)
{
    return text_equal(state, "done")     ? "x"
           : text_equal(state, "undone") ? "-"
           : text_equal(state, "failed") ? "!"
                                         : " ";
}

static void step_line(const json_t *step, const char *bullet, Text *out)
{
    const json_t *detail = json_object_get(step, "detail");
    const char *state = json_get_string(step, "state", "");
    if (json_get_string(step, "path", "")[0] == '\0')
        return;
    text_printf(out, "%s[%s] %s \"%s\": %s", bullet, tick(state), json_get_string(step, "kind", ""),
                json_get_string(step, "path", ""), state);
    const char *text = json_get_string(detail, "text", NULL);
    if (text != NULL)
        text_printf(out, ", %s", text);
    const json_t *people = json_object_get(detail, "approved_by");
    size_t i = 0;
    json_t *person = NULL;
    json_array_foreach ((json_t *)people, i, person)
        text_printf(out, "%s%s", i == 0 ? ", approved by " : ", ", json_string_value(person));
    const char *problem = json_get_string(json_object_get(step, "error"), "message", NULL);
    if (problem != NULL)
        text_printf(out, ": %s", problem);
    text_append(out, "\n");
}

static void times_lines(const json_t *times, Text *out)
{
    size_t i = 0;
    json_t *row = NULL;
    text_append(out, "time:");
    json_array_foreach ((json_t *)times, i, row)
        text_printf(out, "%s %s %.1f s", i == 0 ? "" : ",", json_get_string(row, "state", ""),
                    json_get_number(row, "seconds", 0));
    text_append(out, "\n");
}

static bool write_report(const CliReport *of, const char *mark, const char *bullet, Text *out,
                         Error *err)
{
    AUTO(json_auto) json_t *report = NULL;
    size_t i = 0;
    json_t *step = NULL;
    if (!cli_report_json(of, &report, err))
        return false;
    heading(json_object_get(report, "run"), mark, out);
    text_append(out, "\n");
    const char *why = json_get_string(report, "unavailable", NULL);
    if (why != NULL)
        text_printf(out, "%sits steps are not known: %s\n", bullet, why);
    json_array_foreach (json_object_get(report, "steps"), i, step)
        step_line(step, bullet, out);
    text_append(out, "\n");
    times_lines(json_object_get(report, "times"), out);
    return true;
}

bool cli_report_text(const CliReport *of, Text *out, Error *err)
{
    return write_report(of, "", "  ", out, err);
}

bool cli_report_markdown(const CliReport *of, Text *out, Error *err)
{
    return write_report(of, "# ", "- ", out, err);
}
