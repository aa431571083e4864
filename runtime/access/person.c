/* People. */
#include "access/person.h"

#include "base/suggest.h"
#include "db/sql.h"

#include <string.h>

enum { NAME_MAX_BYTES = 63 };

static const char *const ROLES[] = {
    [ACCESS_NOBODY] = "nobody",
    [ACCESS_VIEWER] = "viewer",
    [ACCESS_OPERATOR] = "operator",
    [ACCESS_ADMINISTRATOR] = "administrator",
};

const char *access_role_name(AccessRole role)
{
    return ROLES[role];
}

AccessRole access_role_parse(const char *name)
{
    for (size_t i = ACCESS_VIEWER; i < COUNT_OF(ROLES); i++) {
        if (text_equal(ROLES[i], name))
            return (AccessRole)i;
    }
    return ACCESS_NOBODY;
}

static bool check_role(const char *role, Error *err)
{
    if (access_role_parse(role) != ACCESS_NOBODY)
        return true;
    Suggest suggest;
    suggest_init(&suggest, role);
    for (size_t i = ACCESS_VIEWER; i < COUNT_OF(ROLES); i++)
        suggest_offer(&suggest, ROLES[i]);
    error_set(err, ERROR_INPUT, "there is no role \"%s\"%s%s%s", role,
              suggest.best ? " (did you mean " : "", suggest.best ? suggest.best : "",
              suggest.best ? "?)" : "");
    return error_hint(err, "roles are viewer, operator and administrator");
}

static bool check_name(const char *name, Error *err)
{
    size_t length = strlen(name);
    bool ok = length > 0 && length <= NAME_MAX_BYTES && name[0] >= 'a' && name[0] <= 'z' &&
              strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
    if (ok)
        return true;
    error_set(err, ERROR_INPUT, "\"%.80s\" cannot be the name of a person", name);
    return error_hint(
        err, "a small letter, then small letters, digits, \".\", \"_\" or \"-\", at most 63");
}

/* Runs a statement that returns one row when it did something. */
static bool call(DbConn *state, const char *statement, const DbParams *params, int *ret_rows,
                 Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!db_query_prepared(state, db_sql(statement), params, &result, err))
        return error_wrap(err, "%s", statement);
    *ret_rows = db_rows(result);
    return true;
}

static bool nobody(const char *name, Error *err)
{
    error_set(err, ERROR_INPUT, "there is no person \"%s\"", name);
    return error_hint(err, "headgate user list");
}

bool access_person_add(DbConn *state, const char *name, const char *role, Error *err)
{
    int rows = 0;
    if (!check_name(name, err) || !check_role(role, err) ||
        !call(state, "access_person_add", DB_PARAMS(name, role), &rows, err))
        return false;
    return rows == 1 || error_set(err, ERROR_CONFLICT, "there is a person \"%s\" already", name);
}

bool access_person_change(DbConn *state, const char *name, const char *role, Error *err)
{
    int rows = 0;
    if (!check_role(role, err) ||
        !call(state, "access_person_change", DB_PARAMS(name, role), &rows, err))
        return false;
    return rows == 1 || nobody(name, err);
}

bool access_person_disable(DbConn *state, const char *name, Error *err)
{
    int rows = 0;
    if (!call(state, "access_person_disable", DB_PARAMS(name), &rows, err))
        return false;
    return rows == 1 || nobody(name, err);
}

bool access_person_list(DbConn *state, json_t **ret_people, Error *err)
{
    AUTO(db_result_auto) DbResult *result = NULL;
    if (!db_query_prepared(state, db_sql("access_person_list"), NULL, &result, err))
        return error_wrap(err, "access_person_list");
    json_t *people = json_parse(db_value(result, 0, 0), (size_t)db_value_bytes(result, 0, 0), err);
    if (people == NULL)
        return false;
    *ret_people = people;
    return true;
}
