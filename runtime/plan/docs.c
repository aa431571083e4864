/* Prints the tables for people and for the language server. */
#include "plan/docs.h"

#include "plan/setting.h"
#include "plan/word.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- docs/plan-reference.md ---- */

/* In a table of Markdown a "|" would end the cell. */
static void cell(Text *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|')
            text_append_char(out, '\\');
        text_append_char(out, *text);
    }
}

static void key_type(Text *out, const PlanKey *key)
{
    if (key->type != KEY_CHOICE) {
        cell(out, plan_key_type_text(key->type));
        if (plan_key_or_table(key))
            text_append(out, ", or a table");
        return;
    }
    for (const char *at = key->choices; *at != '\0';) {
        int length = (int)strcspn(at, " ");
        bool last = at[length] == '\0';
        text_printf(out, "`\"%.*s\"`%s", length, at, last ? "" : ", ");
        at += last ? length : length + 1;
    }
}

static void key_rows(Text *out, const PlanKey *keys, const char *prefix)
{
    for (const PlanKey *key = keys; key->name != NULL; key++) {
        text_printf(out, "| `%s%s` | ", prefix, key->name);
        key_type(out, key);
        text_printf(out, " | %s%s%s | ",
                    key->required           ? "required"
                    : key->fallback == NULL ? ""
                                            : "`",
                    key->required || key->fallback == NULL ? "" : key->fallback,
                    key->required || key->fallback == NULL ? "" : "`");
        cell(out, key->doc);
        text_append(out, " |\n");
        if (key->fields == NULL ||
            strcmp(key->name, "gate") == 0) /* the gate has its own section */
            continue;
        AUTO(base_free)
        char *inner =
            base_printf("%s%s.%s", prefix, key->name, key->type == KEY_PARAMS ? "<name>." : "");
        key_rows(out, key->fields, inner);
    }
}

static void rule_rows(Text *out, const PlanRule *rules)
{
    static const char *const TEXTS[] = {
        [RULE_EXACTLY_ONE] = "Exactly one of",
        [RULE_AT_MOST_ONE] = "At most one of",
        [RULE_NEEDS] = "The first needs one of the others:",
    };
    for (const PlanRule *rule = rules; rule != NULL && rule->keys != NULL; rule++) {
        text_printf(out, "- %s", TEXTS[rule->kind]);
        for (const char *at = rule->keys; *at != '\0';) {
            int length = (int)strcspn(at, " ");
            bool last = at[length] == '\0';
            text_printf(out, " `%.*s`%s", length, at, last ? "" : ",");
            at += last ? length : length + 1;
        }
        if (rule->unless_blank != NULL)
            text_printf(
                out, " (unless `%s` is empty%s)", rule->unless_blank,
                rule->unless_says == NULL
                    ? ""
                    : ", or only creates indexes CONCURRENTLY, which are dropped the same way");
        text_printf(out, ": %s.\n", rule->why);
    }
    if (rules != NULL)
        text_append_char(out, '\n');
}

/* Do authors write words into its table? */
static bool is_written_in(const PlanWord *word)
{
    return word->children != 0 && word->kind != PLAN_STAGE && !word->filled;
}

static void children_line(Text *out, const PlanWord *word)
{
    const char *between = "May hold: ";
    for (PlanKind kind = 0; kind < PLAN_KINDS; kind++) {
        if ((word->children & (1u << kind)) == 0 || !is_written_in(word))
            continue;
        text_printf(out, "%s[%s](#%s)", between, plan_kind_name(kind), plan_kind_name(kind));
        between = ", ";
    }
    if (between[0] == ',')
        text_append(out, ".\n\n");
}

static void word_section(Text *out, const PlanWord *word)
{
    text_printf(out, "### %s\n\n%s\n\n```lua\n%s\n```\n\n", word->name, word->doc, word->example);
    if (word->keys != NULL) {
        text_append(out, "| key | takes | default | |\n| --- | --- | --- | --- |\n");
        key_rows(out, word->keys, "");
        text_append_char(out, '\n');
    }
    rule_rows(out, word->rules);
    children_line(out, word);
    if (word->items != NULL)
        text_printf(out, "Texts written straight into its table go to `%s`.\n\n", word->items);
    if (word->bare)
        text_append(out, "May stand without a table.\n\n");
}

static const char REFERENCE_HEAD[] =
    "# The plan language\n"
    "\n"
    "Generated from the words table (runtime/plan/word.c); do not edit. A plan is a folder with a "
    "`plan.lua`; loading it\n"
    "changes nothing. A word is written `word \"name\" { key = value, child, … }`: named keys, and "
    "children in the order\n"
    "in which they run. An unknown word or key, a wrong type, a missing key, a name used twice, a "
    "change without a way\n"
    "back: each is an error with file, line and column when the plan is loaded.\n"
    "\n"
    "- **Names** are at most 200 bytes, without `/` and control characters, and differ from their "
    "neighbours. Names from\n"
    "  the phase down, joined by `/`, are the path of a step: `backfill/events.canonical_event`. A "
    "stage is called by its\n"
    "  percentage, and its gate has the path `<rollout>/<percent>%/gate`.\n"
    "- **Durations** are texts with units, `ms s m h d w`: `\"300ms\"`, `\"1h30m\"`, `\"7d\"`.\n"
    "- **Thresholds** are `metric OP number[unit] [for duration]`: `\"error_rate < 1%\"`, "
    "`\"api_p95 < 200ms for 5m\"`; OP is\n"
    "  one of `< <= > >= == !=`, the unit one of `% ms s /s B KiB MiB GiB` or none. In a plan they "
    "must hold.\n"
    "- **A list of one** may be written without braces: `approvers = \"admin\"`.\n"
    "- **Boxes.** `document` of the plan is a check-list in Markdown; `ticks` of any word names "
    "the "
    "boxes that it ticks when\n"
    "  it is done, by their text, or by heading and text where several have the text: "
    "`ticks = \"Before > Backup taken\"`. An item\n"
    "  of a `checklist` whose text is a box ticks it by itself. A box that several words tick is "
    "ticked when all of them are\n"
    "  done; an outer box that none ticks, when all boxes in it are. What a person says is a "
    "sign-off, what a guard says a\n"
    "  metric, everything else automatic; a box that nothing ticks is debt, and `headgate check` "
    "names it.\n"
    "\n";

void plan_docs_reference(Text *out)
{
    text_append(out, REFERENCE_HEAD);
    text_append(out, "## Words\n\n");
    const PlanWord *word;
    size_t i = 0;
    for (; (word = plan_word_at(i)) != NULL && word->kind != PLAN_KINDS; i++)
        word_section(out, word);
    text_append(out, "## Values\n\n");
    for (; (word = plan_word_at(i)) != NULL; i++)
        word_section(out, word);
    out->length_bytes--; /* one line end, not two, at the end of the page */
    out->data[out->length_bytes] = '\0';
}

/* ---- docs/configuration.md ---- */

static void setting_rows(Text *out, const PlanSetting *settings, const char *prefix)
{
    for (const PlanSetting *setting = settings; setting->name != NULL; setting++) {
        text_printf(out, "| `%s%s` | ", prefix, setting->name);
        if (setting->choices != NULL) {
            for (const char *at = setting->choices; *at != '\0';) {
                int length = (int)strcspn(at, " ");
                bool last = at[length] == '\0';
                text_printf(out, "`%.*s`%s", length, at, last ? "" : " or ");
                at += last ? length : length + 1;
            }
        } else {
            cell(out, plan_setting_type_text(setting->type));
        }
        text_printf(out, " | %s | ",
                    setting->required           ? "required"
                    : setting->fallback == NULL ? ""
                                                : setting->fallback);
        cell(out, setting->doc);
        text_append(out, " |\n");
        if (setting->fields == NULL || (prefix[0] != '\0' && strcmp(setting->name, "targets") == 0))
            continue;
        AUTO(base_free)
        char *inner = base_printf("%s%s.%s", prefix, setting->name,
                                  setting->type == SETTING_NAMED ? "<name>." : "");
        setting_rows(out, setting->fields, inner);
    }
}

static const char CONFIG_HEAD[] =
    "# headgate.yaml\n"
    "\n"
    "Generated from the settings table (runtime/plan/setting.c); do not edit. The file says who, "
    "where and how much;\n"
    "what is done stands in the plan. Without the file there is one environment, `default`, with "
    "one target, `app`,\n"
    "from `DATABASE_URL` or the `PG*` variables.\n"
    "\n"
    "```yaml\n"
    "version: 1\n"
    "\n"
    "state: { target: app }\n"
    "\n"
    "targets:\n"
    "  app:\n"
    "    url: ${DATABASE_URL}          # in { } a ${NAME} wants quotes\n"
    "    lock_timeout: 2s\n"
    "    statement_timeout: 10min\n"
    "    run_as: app_migrator\n"
    "\n"
    "metrics:\n"
    "  error_rate:\n"
    "    sql: SELECT 100.0 * count(*) FILTER (WHERE NOT ok) / count(*) FROM request_log HAVING "
    "count(*) >= 10\n"
    "    unit: percent\n"
    "    empty: 0\n"
    "  cpu_usage:\n"
    "    prometheus: { url: \"${prometheus}\", query: 'avg(node_cpu_busy)' }\n"
    "    series: max\n"
    "  response_time_p95:\n"
    "    http: { url: \"${service}/health\", pointer: /p95, samples: /requests, time: /at }\n"
    "    min_samples: 100\n"
    "    unit: ms\n"
    "  queue_length: { command: { argv: [bin/queue.sh] }, interval: 1m, timeout: 10s }\n"
    "\n"
    "environments:\n"
    "  production:\n"
    "    approvers:\n"
    "      admin: [alice, bob]\n"
    "      product: [carol]\n"
    "    watch: { 10: 24h, 50: 48h }\n"
    "    alerts:\n"
    "      application:\n"
    "        error_rate: > 1% for 5m\n"
    "```\n"
    "\n"
    "- **A plan's bundle**, which is stored and can be read by whoever may look, holds what this "
    "file "
    "comes to in the run's\n"
    "  environment, without passwords; not the file, though it lies in the plan's folder.\n"
    "- **Strict YAML.** Anchors, aliases, tags, merge keys (`<<`), duplicate keys, a second "
    "document, nesting deeper than\n"
    "  64, more than 1,000 entries in one map or list and files over 1 MiB are refused, each with "
    "`headgate.yaml:line:column`.\n"
    "  Every value is a text; nothing is guessed (`no` is no boolean).\n"
    "- **Thresholds** are `OP number[unit] [for duration]`. An alert is a breach when it is true, "
    "a goal when it is not;\n"
    "  both after three samples in a row, or after the duration. Until then a bad sample takes "
    "nothing back, but the window\n"
    "  of the stage does not count, and no stage ends on one: it ends when every guard's newest "
    "sample is good.\n"
    "  `error_rate: > 1%` is not valid YAML (`>` begins a block text) but is what people write: "
    "values that begin with a\n"
    "  comparison and a number are put in quotes before the file is parsed, and `headgate check` "
    "prints how each of them\n"
    "  was understood.\n"
    "- **Metrics** have one source: `sql`, `prometheus`, `http` or `command`; all that are due are "
    "asked beside each other.\n"
    "  An answer is good data only if it is one finite, fresh number that rests on enough "
    "observations. NaN, an infinity,\n"
    "  nothing (unless `empty` says what it counts as), several series (unless `series` says how "
    "they are one; one NaN among\n"
    "  them spoils it), a sample that is too old, too few samples, an error, no answer in time: no "
    "data, with the reason in\n"
    "  the run's page and events, and `on_no_data` of the rollout says what follows. It never "
    "counts "
    "as good.\n"
    "- **Groups.** `thresholds \"application\"` in a plan means the group of that name in the "
    "environment of the run, and if\n"
    "  it has none, all alerts and goals of the environment of that name.\n"
    "- **Variables.** `${NAME}` in `url` and `run_as` comes from the environment of the process. A "
    "target with a variable\n"
    "  that is not set cannot be used; the others can.\n"
    "\n";

void plan_docs_config(Text *out)
{
    text_append(out, CONFIG_HEAD);
    text_append(out, "| key | takes | default | |\n| --- | --- | --- | --- |\n");
    setting_rows(out, plan_setting_sections(), "");
}

/* ---- LuaCATS ---- */

/* "sql_flag" → "SqlFlag". */
static char *class_name(const char *word)
{
    char *name = base_strdup(word);
    size_t used = 0;
    bool upper = true;
    for (const char *at = word; *at != '\0'; at++) {
        if (*at == '_') {
            upper = true;
            continue;
        }
        name[used++] = upper ? (char)toupper((unsigned char)*at) : *at;
        upper = false;
    }
    name[used] = '\0';
    return name;
}

static void field_type(Text *out, const PlanKey *key, const char *class)
{
    if (key->type == KEY_CHOICE) {
        for (const char *at = key->choices; *at != '\0';) {
            int length = (int)strcspn(at, " ");
            bool last = at[length] == '\0';
            text_printf(out, "\"%.*s\"%s", length, at, last ? "" : "|");
            at += last ? length : length + 1;
        }
    } else if (key->type == KEY_TABLE && key->fields != NULL && strcmp(key->name, "gate") == 0) {
        text_append(out, "headgate.Gate");
    } else if (key->fields != NULL) {
        AUTO(base_free) char *inner = class_name(key->name);
        if (plan_key_or_table(key))
            text_printf(out, "%s|", plan_key_type_lua(key->type));
        text_printf(out,
                    key->type == KEY_PARAMS ? "table<string, headgate.%s.%s>" : "headgate.%s.%s",
                    class, inner);
    } else {
        text_append(out, plan_key_type_lua(key->type));
    }
}

static void fields(Text *out, const PlanKey *keys, const char *class)
{
    for (const PlanKey *key = keys; key != NULL && key->name != NULL; key++) {
        text_printf(out, "---@field %s%s ", key->name, key->required ? "" : "?");
        field_type(out, key, class);
        text_printf(out, "  %s", key->doc);
        if (key->fallback != NULL)
            text_printf(out, " Default: %s.", key->fallback);
        text_append_char(out, '\n');
    }
}

/* Classes of tables inside come before the class that uses them. */
static void inner_classes(Text *out, const PlanKey *keys, const char *class)
{
    for (const PlanKey *key = keys; key != NULL && key->name != NULL; key++) {
        if (key->fields == NULL || strcmp(key->name, "gate") == 0)
            continue;
        AUTO(base_free) char *inner = class_name(key->name);
        text_printf(out, "---@class headgate.%s.%s\n", class, inner);
        fields(out, key->fields, class);
        text_append_char(out, '\n');
    }
}

static void node_types(Text *out, const PlanWord *word, const char *class)
{
    bool holds = is_written_in(word);
    inner_classes(out, word->keys, class);
    text_printf(out, "---%s\n---@class headgate.%s\n", word->doc, class);
    fields(out, word->keys, class);
    if (holds)
        text_append(out, "---@field [integer] headgate.Node  in the order in which they run\n");
    if (word->items != NULL)
        text_append(out, "---@field [integer] string\n");
    text_printf(out, "\n---%s\n", word->doc);
    if (word->form == WORD_PLAIN)
        text_printf(
            out, "---@param keys headgate.%s\n---@return headgate.Node\nfunction %s(keys) end\n\n",
            class, word->name);
    else
        text_printf(out,
                    "---@param name string\n---@return %sfun(keys: headgate.%s): headgate.Node\n"
                    "function %s(name) end\n\n",
                    word->bare ? "headgate.Node|" : "", class, word->name);
}

static void value_types(Text *out, const PlanWord *word, const char *class)
{
    text_printf(out, "---%s\n", word->doc);
    switch (word->form) {
    case WORD_TABLE:
        text_printf(out, "---@class headgate.%s\n", class);
        fields(out, word->keys, class);
        text_printf(out,
                    "\n---%s\n---@param keys headgate.%s\n---@return headgate.%s\nfunction "
                    "%s(keys) end\n\n",
                    word->doc, class, class, word->name);
        break;
    case WORD_SQL:
        text_printf(
            out,
            "---@param sql string|headgate.Sql\n---@return headgate.%s\nfunction %s(sql) end\n\n",
            class, word->name);
        break;
    case WORD_CASE:
        text_printf(out,
                    "---@param why string\n---@param more? { choices?: table[] }\n"
                    "---@return headgate.%s\nfunction %s(why, more) end\n\n",
                    class, word->name);
        break;
    default:
        text_printf(out, "---@param text string\n---@return headgate.%s\nfunction %s(text) end\n\n",
                    strcmp(word->name, "file") == 0 ? "Sql" : class, word->name);
    }
}

void plan_docs_types(Text *out)
{
    text_append(out,
                "---A part of a plan, made by one of the words below.\n---@class headgate.Node\n\n"
                "---SQL text with the place it comes from.\n---@class headgate.Sql\n\n"
                "---@class headgate.Trigger\n\n"
                "---@class headgate.Thresholds\n\n---@class headgate.Ambiguous\n\n"
                "---@class headgate.Skip\n\n");
    const PlanWord *word;
    for (size_t i = 0; (word = plan_word_at(i)) != NULL; i++) {
        AUTO(base_free) char *class = class_name(word->name);
        if (word->kind != PLAN_KINDS)
            node_types(out, word, class);
        else
            value_types(out, word, class);
    }
    out->length_bytes--; /* one line end, not two */
    out->data[out->length_bytes] = '\0';
}
