/* Reads thresholds: [metric] OP NUMBER[UNIT] [for DURATION]. */
#include "plan/threshold.h"

#include "base/clock.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longer texts come first, so that ">=" is not read as ">". */
static const struct OpRow {
    const char *text;
    ThresholdOp op;
    const char *holds; /* "must stay …" */
    const char *is;    /* "a breach when … is …" */
} OPS[] = {
    {"<=", OP_LESS_EQUAL, "at or below", "at or below"},
    {">=", OP_GREATER_EQUAL, "at or above", "at or above"},
    {"==", OP_EQUAL, "at", "exactly"},
    {"!=", OP_NOT_EQUAL, "different from", "different from"},
    {"<", OP_LESS, "below", "below"},
    {">", OP_GREATER, "above", "above"},
};

static const struct UnitRow {
    const char *name;
    const char *unit;
    const char *family;
    double factor; /* to the family's first unit */
} UNITS[] = {
    {"", "", "", 1.0},
    {"%", "%", "percent", 1.0},
    {"percent", "%", "percent", 1.0},
    {"ms", "ms", "time", 1.0},
    {"s", "s", "time", 1000.0},
    {"/s", "/s", "rate", 1.0},
    {"B", "B", "bytes", 1.0},
    {"KiB", "KiB", "bytes", 1024.0},
    {"MiB", "MiB", "bytes", 1048576.0},
    {"GiB", "GiB", "bytes", 1073741824.0},
};

static const struct UnitRow *unit_find(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(UNITS); i++) {
        if (strlen(UNITS[i].name) == length && memcmp(UNITS[i].name, name, length) == 0)
            return &UNITS[i];
    }
    return NULL;
}

const char *threshold_unit(const char *name)
{
    const struct UnitRow *row = unit_find(name, strlen(name));
    return row == NULL ? NULL : row->unit;
}

bool threshold_convert(const char *from, const char *to, double *ret_factor)
{
    const struct UnitRow *a = unit_find(from, strlen(from));
    const struct UnitRow *b = unit_find(to, strlen(to));
    if (a == NULL || b == NULL)
        return false;
    bool free_unit = a->unit[0] == '\0' || b->unit[0] == '\0';
    if (!free_unit && strcmp(a->family, b->family) != 0)
        return false;
    *ret_factor = free_unit ? 1.0 : a->factor / b->factor;
    return true;
}

const char *threshold_op_text(ThresholdOp op)
{
    for (size_t i = 0; i < COUNT_OF(OPS); i++) {
        if (OPS[i].op == op)
            return OPS[i].text;
    }
    return "?";
}

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

static const char *read_metric(const char *at, const char **ret_end)
{
    const char *end = at;
    if (isalpha((unsigned char)*end) || *end == '_') {
        while (isalnum((unsigned char)*end) || strchr("_.-", *end) != NULL) {
            if (*end == '\0')
                break;
            end++;
        }
    }
    *ret_end = end;
    return end == at ? NULL : at;
}

static const struct OpRow *read_op(const char **at)
{
    for (size_t i = 0; i < COUNT_OF(OPS); i++) {
        if (text_starts(*at, OPS[i].text)) {
            *at += strlen(OPS[i].text);
            return &OPS[i];
        }
    }
    return NULL;
}

/* Digits with an optional sign and fraction: strtod alone would take hexadecimal, "inf" and "nan"
 * too. */
static bool read_number(const char **at, double *ret_number)
{
    const char *end = *at;
    if (*end == '-')
        end++;
    if (!isdigit((unsigned char)*end))
        return false;
    while (isdigit((unsigned char)*end))
        end++;
    if (*end == '.' && isdigit((unsigned char)end[1])) {
        end++;
        while (isdigit((unsigned char)*end))
            end++;
    }
    char digits[64];
    size_t length = (size_t)(end - *at);
    if (length >= sizeof(digits))
        return false;
    memcpy(digits, *at, length);
    digits[length] = '\0';
    *ret_number = strtod(digits, NULL);
    *at = end;
    return isfinite(*ret_number);
}

static const struct UnitRow *read_unit(const char **at)
{
    const char *start = skip_blanks(*at);
    size_t length = strcspn(start, " \t");
    if (length == 3 && memcmp(start, "for", 3) == 0)
        length = 0;
    const struct UnitRow *unit = unit_find(start, length);
    *at = start + length;
    return unit;
}

static bool read_for(const char *at, int64_t *ret_us)
{
    *ret_us = 0;
    if (*at == '\0')
        return true;
    if (!text_starts(at, "for") || (at[3] != ' ' && at[3] != '\t'))
        return false;
    return duration_parse(skip_blanks(at + 3), ret_us, NULL) && *ret_us > 0;
}

/* What is wrong, or NULL. */
static const char *parse(Arena *arena, const char *text, Threshold *threshold)
{
    const char *at = skip_blanks(text);
    if (threshold->metric == NULL) {
        const char *end;
        const char *start = read_metric(at, &end);
        if (start == NULL)
            return "it must begin with the name of a metric";
        threshold->metric = arena_strndup(arena, start, (size_t)(end - start));
        at = skip_blanks(end);
    }
    const struct OpRow *op = read_op(&at);
    if (op == NULL)
        return "the comparison must be one of < <= > >= == !=";
    threshold->op = op->op;
    at = skip_blanks(at);
    if (!read_number(&at, &threshold->limit))
        return "a number must follow the comparison";
    const struct UnitRow *unit = read_unit(&at);
    if (unit == NULL)
        return "the unit must be one of % ms s /s B KiB MiB GiB, or none";
    threshold->unit = unit->unit;
    if (!read_for(skip_blanks(at), &threshold->for_us))
        return "only \"for\" and a duration may follow, like \"for 5m\"";
    return NULL;
}

bool threshold_parse(Arena *arena, const char *text, const char *metric, PlanPosition at,
                     Threshold *ret_threshold, Error *err)
{
    char *trimmed = arena_strdup(arena, skip_blanks(text));
    size_t length = strlen(trimmed);
    while (length > 0 && (trimmed[length - 1] == ' ' || trimmed[length - 1] == '\t'))
        trimmed[--length] = '\0';
    Threshold threshold = {.metric = arena_strdup(arena, metric), .at = at, .text = trimmed};
    threshold.at.file = arena_strdup(arena, at.file);
    const char *wrong = parse(arena, trimmed, &threshold);
    if (wrong != NULL)
        return plan_error_at(
            err, at, "\"%s\" is not a threshold like %s: %s", text,
            metric == NULL ? "\"error_rate < 1%\"" : "\"> 80%\" or \"> 500ms for 5m\"", wrong);
    *ret_threshold = threshold;
    return true;
}

static bool compare(ThresholdOp op, double value, double limit)
{
    switch (op) {
    case OP_LESS:
        return value < limit;
    case OP_LESS_EQUAL:
        return value <= limit;
    case OP_GREATER:
        return value > limit;
    case OP_GREATER_EQUAL:
        return value >= limit;
    case OP_EQUAL:
        return !(value < limit) && !(value > limit);
    case OP_NOT_EQUAL:
        return value < limit || value > limit;
    }
    return false;
}

bool threshold_breached(const Threshold *threshold, double value)
{
    if (isnan(value))
        return true; /* not a number is never good */
    return compare(threshold->op, value, threshold->limit) == threshold->is_alert;
}

const char *threshold_say(const Threshold *threshold, Arena *arena)
{
    const struct OpRow *op = OPS;
    while (op->op != threshold->op)
        op++;
    char lasting[48] = ", three samples in a row";
    if (threshold->for_us > 0) {
        char duration[32];
        snprintf(lasting, sizeof(lasting), " for %s",
                 duration_text(threshold->for_us, duration, sizeof(duration)));
    }
    const char *space = threshold->unit[0] == '\0' ? "" : " ";
    if (threshold->is_alert)
        return arena_printf(arena, "a breach when %s is %s %.15g%s%s%s", threshold->metric, op->is,
                            threshold->limit, space, threshold->unit, lasting);
    return arena_printf(arena, "%s must stay %s %.15g%s%s; a breach when it does not%s",
                        threshold->metric, op->holds, threshold->limit, space, threshold->unit,
                        lasting);
}
