/* People and tokens in a real database: roles, log-in, sessions, and how each of them ends. */
#include "access/token.h"
#include "db/sql.h"

#include "../db/with_cluster.h"

enum { HOUR_S = 3600 };

static DbConn *state_conn;

static void exec(const char *text)
{
    must(db_exec(state_conn, text, NULL, NULL, &err));
}

static void expect(bool ok, const Error *err, ErrorKind kind, const char *message)
{
    assert_false(ok);
    assert_int_equal(err->kind, kind);
    assert_string_equal(err->message, message);
}

DB_CASE(people_have_names_and_roles)
{
    Error why = {0};
    state_conn = open_as("test");
    exec(db_sql("schema_001"));
    exec(db_sql("schema_002"));
    must(access_person_add(state_conn, "alice", "operator", &err));
    expect(access_person_add(state_conn, "alice", "viewer", &why), &why, ERROR_CONFLICT,
           "there is a person \"alice\" already");
    expect(access_person_add(state_conn, "Alice", "viewer", &why), &why, ERROR_INPUT,
           "\"Alice\" cannot be the name of a person");
    expect(access_person_add(state_conn, "", "viewer", &why), &why, ERROR_INPUT,
           "\"\" cannot be the name of a person");
    expect(access_person_add(state_conn, "bob", "operater", &why), &why, ERROR_INPUT,
           "there is no role \"operater\" (did you mean operator?)");
    must(access_person_change(state_conn, "alice", "administrator", &err));
    expect(access_person_change(state_conn, "nobody", "viewer", &why), &why, ERROR_INPUT,
           "there is no person \"nobody\"");
    expect(access_person_disable(state_conn, "nobody", &why), &why, ERROR_INPUT,
           "there is no person \"nobody\"");
    AUTO(json_auto) json_t *people = NULL;
    must(access_person_list(state_conn, &people, &err));
    assert_int_equal(json_array_size(people), 1);
    assert_string_equal(json_get_string(json_array_get(people, 0), "role", ""), "administrator");
}

static AccessTokenNew token_of(const char *kind)
{
    return (AccessTokenNew){
        .person = "alice", .kind = kind, .label = "test", .lasts_us = (int64_t)HOUR_S * 1000000};
}

DB_CASE(a_link_works_once_and_a_session_ends)
{
    Error why = {0};
    char once[ACCESS_TOKEN_BYTES];
    char session[ACCESS_TOKEN_BYTES];
    AccessIdentity who;
    AccessTokenNew wanted = token_of("once");
    must(access_token_create(state_conn, &wanted, once, &err));
    assert_true(access_token_plausible(once));
    expect(access_identify(state_conn, once, &who, &why), &why, ERROR_REFUSED,
           "this token is not valid (any more)");
    must(access_login(state_conn, once, NULL, session, &who, &err));
    assert_string_equal(who.person, "alice");
    assert_int_equal(who.role, ACCESS_ADMINISTRATOR);
    assert_true(access_token_plausible(who.csrf));
    assert_false(who.by_token);
    expect(access_login(state_conn, once, NULL, session, &who, &why), &why, ERROR_REFUSED,
           "this token is not valid (any more)");
    AccessIdentity again;
    must(access_identify(state_conn, session, &again, &err));
    assert_string_equal(again.csrf, who.csrf);
    expect(access_login(state_conn, session, NULL, session, &who, &why), &why, ERROR_REFUSED,
           "this token is not valid (any more)");
    exec("UPDATE headgate.token SET seen_at = now() - interval '3 hours' WHERE kind = 'session'");
    expect(access_identify(state_conn, session, &who, &why), &why, ERROR_REFUSED,
           "this token is not valid (any more)");
    exec("UPDATE headgate.token SET seen_at = now() WHERE kind = 'session'");
    must(access_logout(state_conn, again.hash, &err));
    expect(access_identify(state_conn, session, &who, &why), &why, ERROR_REFUSED,
           "this token is not valid (any more)");
}

DB_CASE(api_tokens_are_listed_and_revoked)
{
    Error why = {0};
    char token[ACCESS_TOKEN_BYTES];
    AccessIdentity who;
    AccessTokenNew wanted = token_of("api");
    must(access_token_create(state_conn, &wanted, token, &err));
    must(access_identify(state_conn, token, &who, &err));
    assert_string_equal(who.csrf, "");
    AUTO(json_auto) json_t *tokens = NULL;
    must(access_token_list(state_conn, &tokens, &err));
    const char *id = NULL;
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        const json_t *row = json_array_get(tokens, i);
        if (text_equal(json_get_string(row, "kind", ""), "api"))
            id = json_get_string(row, "id", "");
        assert_false(text_equal(json_get_string(row, "kind", ""), "session"));
    }
    assert_non_null(id);
    expect(access_token_revoke(state_conn, "abc", &why), &why, ERROR_INPUT,
           "\"abc\" is not the id of a token");
    expect(access_token_revoke(state_conn, "000000000000", &why), &why, ERROR_INPUT,
           "there is no token 000000000000");
    must(access_token_revoke(state_conn, id, &err));
    expect(access_identify(state_conn, token, &who, &why), &why, ERROR_REFUSED,
           "this token is not valid (any more)");
    wanted.person = "nobody";
    expect(access_token_create(state_conn, &wanted, token, &why), &why, ERROR_INPUT,
           "there is no person \"nobody\", or they are disabled");
    wanted = token_of("session");
    expect(access_token_create(state_conn, &wanted, token, &why), &why, ERROR_INPUT,
           "there is no kind of token \"session\"");
}

/* The one row of a query with one parameter is true. */
static void expect_true(const char *query, const char *param)
{
    AUTO(db_result_auto) DbResult *found = NULL;
    must(db_query(state_conn, query, DB_PARAMS(param), &found, &err));
    assert_int_equal(db_rows(found), 1);
    assert_true(db_bool(found, 0, 0));
}

DB_CASE(a_session_of_an_api_token_ends_with_it)
{
    Error why = {0};
    char token[ACCESS_TOKEN_BYTES];
    char session[ACCESS_TOKEN_BYTES];
    AccessIdentity who;
    AccessTokenNew wanted = token_of("api");
    must(access_token_create(state_conn, &wanted, token, &err));
    must(access_identify(state_conn, token, &who, &err));
    assert_false(who.by_token);
    AccessIdentity of_token = who;
    must(access_login(state_conn, token, NULL, session, &who, &err));
    assert_true(who.by_token);
    must(access_identify(state_conn, session, &who, &err));
    assert_true(who.by_token);
    expect_true("SELECT s.expires_at = t.expires_at FROM headgate.token AS s JOIN headgate.token "
                "AS t ON t.kind = 'api' AND t.person = s.person WHERE s.hash = $1",
                who.hash);
    must(access_token_revoke(state_conn, of_token.hash, &err));
    expect(access_identify(state_conn, session, &who, &why), &why, ERROR_REFUSED,
           "this token is not valid (any more)");
}

DB_CASE(a_session_ends_after_twelve_hours_however_long_its_token_lasts)
{
    char token[ACCESS_TOKEN_BYTES];
    char session[ACCESS_TOKEN_BYTES];
    AccessIdentity who;
    AccessTokenNew wanted = token_of("api");
    wanted.lasts_us *= 100;
    must(access_token_create(state_conn, &wanted, token, &err));
    must(access_login(state_conn, token, NULL, session, &who, &err));
    expect_true("SELECT expires_at <= now() + interval '12 hours' FROM headgate.token "
                "WHERE hash = $1",
                who.hash);
}

DB_CASE(the_database_never_sees_a_token)
{
    Error why = {0};
    char token[ACCESS_TOKEN_BYTES];
    AccessTokenNew wanted = token_of("api");
    must(access_token_create(state_conn, &wanted, token, &err));
    AUTO(db_result_auto) DbResult *found = NULL;
    must(db_query(state_conn,
                  "SELECT count(*) FROM headgate.token AS t WHERE strpos(t::text, $1) > 0",
                  DB_PARAMS(token), &found, &err));
    assert_int_equal(db_int(found, 0, 0), 0);
    wanted.lasts_us = -1000000;
    must(access_token_create(state_conn, &wanted, token, &err));
    AccessIdentity who;
    expect(access_identify(state_conn, token, &who, &why), &why, ERROR_REFUSED,
           "this token is not valid (any more)");
}

DB_CASE(disabling_somebody_ends_everything)
{
    Error why = {0};
    char token[ACCESS_TOKEN_BYTES];
    AccessIdentity who;
    AccessTokenNew wanted = token_of("api");
    must(access_token_create(state_conn, &wanted, token, &err));
    must(access_identify(state_conn, token, &who, &err));
    AUTO(arena_auto) Arena *arena = arena_new();
    const char *hashes = db_array_text(arena, (const char *const[]){who.hash, "none"}, 2);
    AUTO(json_auto) json_t *good = NULL;
    const char *roles =
        db_array_text(arena, (const char *const[]){"administrator", "administrator"}, 2);
    must(access_still_good(state_conn, hashes, roles, &good, &err));
    assert_int_equal(json_array_size(good), 1);
    must(access_person_change(state_conn, "alice", "operator", &err));
    AUTO(json_auto) json_t *changed = NULL;
    must(access_still_good(state_conn, hashes, roles, &changed, &err));
    assert_int_equal(json_array_size(changed), 0);
    must(access_person_disable(state_conn, "alice", &err));
    expect(access_identify(state_conn, token, &who, &why), &why, ERROR_REFUSED,
           "this token is not valid (any more)");
    AUTO(json_auto) json_t *none = NULL;
    must(access_still_good(state_conn, hashes, roles, &none, &err));
    assert_int_equal(json_array_size(none), 0);
    expect(access_token_create(state_conn, &wanted, token, &why), &why, ERROR_INPUT,
           "there is no person \"alice\", or they are disabled");
    must(access_person_change(state_conn, "alice", "viewer", &err));
    must(access_token_create(state_conn, &wanted, token, &err));
    db_close(state_conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_have_names_and_roles),
        cmocka_unit_test(a_link_works_once_and_a_session_ends),
        cmocka_unit_test(api_tokens_are_listed_and_revoked),
        cmocka_unit_test(a_session_of_an_api_token_ends_with_it),
        cmocka_unit_test(a_session_ends_after_twelve_hours_however_long_its_token_lasts),
        cmocka_unit_test(the_database_never_sees_a_token),
        cmocka_unit_test(disabling_somebody_ends_everything),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
