/* Hides what is secret in URIs and conninfo strings. In doubt it shows nothing.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING */
#include "plan/conninfo.h"

#include "base/bounds.h"
#include "base/log.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES_MAX = 4096 };

static const char NOT_SHOWN[] = "(a connection string that does not parse)";

/* What may be shown. Every other keyword is a secret, or a misspelt one may stand before it. */
static bool is_harmless(const char *key)
{
    static const char *const KEYS[] = {
        "application_name",
        "channel_binding",
        "client_encoding",
        "connect_timeout",
        "dbname",
        "fallback_application_name",
        "gssencmode",
        "gsslib",
        "host",
        "hostaddr",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "krbsrvname",
        "load_balance_hosts",
        "options",
        "passfile",
        "port",
        "replication",
        "require_auth",
        "requirepeer",
        "service",
        "ssl_max_protocol_version",
        "ssl_min_protocol_version",
        "sslcert",
        "sslcompression",
        "sslcrl",
        "sslcrldir",
        "sslkey",
        "sslmode",
        "sslnegotiation",
        "sslrootcert",
        "sslsni",
        "target_session_attrs",
        "tcp_user_timeout",
        "user",
    };
    for (size_t i = 0; i < COUNT_OF(KEYS); i++) {
        if (strcmp(key, KEYS[i]) == 0)
            return true;
    }
    return false;
}

static int hex_value(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? (c | 0x20) - 'a' + 10
                                        : -1;
}

static char *percent_decode(Arena *arena, const char *text, size_t length)
{
    char *decoded = arena_alloc(arena, length + 1);
    size_t used = 0;
    for (size_t i = 0; i < length; i++) {
        bool escape = text[i] == '%' && i + 2 < length && hex_value(text[i + 1]) >= 0 &&
                      hex_value(text[i + 2]) >= 0;
        decoded[used++] =
            escape ? (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
        i += escape ? 2 : 0;
    }
    return decoded;
}

static void remember(Arena *arena, const char *secret, size_t length)
{
    log_secret(arena_strndup(arena, secret, length));
    log_secret(percent_decode(arena, secret, length));
}

/* "a=1&password=x&b=2" without the secret ones. */
static void show_query(Arena *arena, const char *query, Text *out)
{
    char before = '?';
    while (*query != '\0') {
        size_t length = strcspn(query, "&");
        size_t key_length = strcspn(query, "=&");
        if (!is_harmless(percent_decode(arena, query, key_length))) {
            if (key_length < length)
                remember(arena, query + key_length + 1, length - key_length - 1);
        } else {
            text_append_char(out, before);
            text_append_bytes(out, query, length);
            before = '&';
        }
        query += query[length] == '\0' ? length : length + 1;
    }
}

/* "a.example,[::1]:5432" and nothing that libpq could cut elsewhere than we do: sockets' folders
 * are percent-encoded, names hold no more than this, and what is no number is no port, but may be
 * a password whose "@host" was forgotten. */
static bool is_host_list(const char *hosts, size_t length)
{
    bool bracket = false;
    bool port = false;
    for (size_t i = 0; i < length; i++) {
        char c = hosts[i];
        if (c == (bracket ? ']' : '['))
            bracket = !bracket;
        else if (!bracket && (c == ':' || c == ','))
            port = c == ':';
        else if (port ? !isdigit((unsigned char)c)
                      : !isalnum((unsigned char)c) && strchr("._-%:", c) == NULL)
            return false;
    }
    return !bracket;
}

/* The user's name is shown; the password is remembered, as far as libpq sees it (the first "@")
 * and as far as people would. false: what lies between could be hosts to libpq. */
static bool show_user(Arena *arena, const char *start, const char *last_at, Text *out)
{
    size_t user_length = strcspn(start, ":@");
    const char *password = start + user_length + 1;
    const char *first_at = strchr(start, '@');
    if (memchr(first_at, '[', (size_t)(last_at - first_at)) != NULL)
        return false;
    text_append_bytes(out, start, user_length);
    if (password <= last_at)
        remember(arena, password, (size_t)(last_at - password));
    if (password <= first_at)
        remember(arena, password, (size_t)(first_at - password));
    text_append_char(out, '@');
    return true;
}

/* In a URI that is shown, "/" and "?" inside a password are encoded: there is no "@" behind them
 * before the query, and libpq finds the ends of its parts where they are found here. */
static bool show_uri(Arena *arena, const char *url, Text *out)
{
    const char *start = strstr(url, "://") + 3;
    size_t length = strcspn(start, "/?");
    const char *query = strchr(start, '?');
    const char *last_at = memrchr(start, '@', length);
    const char *hosts = last_at == NULL ? start : last_at + 1;
    const char *path = start + length;
    size_t path_length = strcspn(path, "?");
    if (memchr(path, '@', path_length) != NULL)
        return false;
    if (query != NULL && strchr(query, '@') != NULL && last_at == NULL) /* a "?" in the password */
        return false;
    text_append_bytes(out, url, (size_t)(start - url));
    if (!is_host_list(hosts, (size_t)(path - hosts)) ||
        (last_at != NULL && !show_user(arena, start, last_at, out)))
        return false;
    text_append_bytes(out, hosts, (size_t)(path + path_length - hosts));
    if (query != NULL)
        show_query(arena, query + 1, out);
    return true;
}

static const char *skip_blanks(const char *at)
{
    while (isspace((unsigned char)*at))
        at++;
    return at;
}

/* The end of a conninfo value, quoted or not; NULL where a quote does not end. */
static const char *value_end(const char *at)
{
    bool quoted = *at == '\'';
    if (quoted)
        at++;
    while (*at != '\0' && (quoted ? *at != '\'' : !isspace((unsigned char)*at)))
        at += *at == '\\' && at[1] != '\0' ? 2 : 1;
    if (!quoted)
        return at;
    return *at == '\'' ? at + 1 : NULL;
}

/* As libpq reads it: a quote inside a value without quotes is a character like others. */
static void remember_value(Arena *arena, const char *value, const char *end)
{
    bool quoted = *value == '\'';
    char *plain = arena_alloc(arena, (size_t)(end - value) + 1);
    size_t used = 0;
    for (const char *at = value + quoted; at < end - quoted; at++) {
        if (*at == '\\')
            at++; /* at the very end it stands for nothing */
        if (at < end - quoted)
            plain[used++] = *at;
    }
    log_secret(plain);
}

/* "postgre://u:secret@h/db?sslmode=x" has an equals sign too: what is no word is no keyword. */
static bool is_keyword(const char *key)
{
    return key[0] != '\0' && key[strspn(key, "abcdefghijklmnopqrstuvwxyz_")] == '\0';
}

static bool show_conninfo(Arena *arena, const char *url, Text *out)
{
    for (const char *at = skip_blanks(url); *at != '\0'; at = skip_blanks(at)) {
        size_t key_length = strcspn(at, "= \t\r\n");
        const char *key = arena_strndup(arena, at, key_length);
        const char *equals = skip_blanks(at + key_length);
        if (!is_keyword(key) || *equals != '=')
            return false;
        const char *value = skip_blanks(equals + 1);
        const char *end = value_end(value);
        if (end == NULL)
            return false;
        if (!is_harmless(key))
            remember_value(arena, value, end);
        else
            text_printf(out, "%s%s=%.*s", out->length_bytes == 0 ? "" : " ", key,
                        (int)(end - value), value);
        at = end;
    }
    return true;
}

static void show_variables(Text *out)
{
    static const struct {
        const char *variable;
        const char *key;
    } VARIABLES[] = {
        {"PGSERVICE", "service"}, {"PGHOST", "host"}, {"PGPORT", "port"},
        {"PGDATABASE", "dbname"}, {"PGUSER", "user"},
    };
    for (size_t i = 0; i < COUNT_OF(VARIABLES); i++) {
        const char *value = getenv(VARIABLES[i].variable);
        if (!text_empty(value))
            text_printf(out, "%s%s=%s", out->length_bytes == 0 ? "" : " ", VARIABLES[i].key, value);
    }
    if (out->length_bytes == 0)
        text_append(out, "libpq's defaults");
}

const char *plan_conninfo_shown(Arena *arena, const char *url)
{
    AUTO(text_done) Text out;
    text_init(&out, SHOWN_BYTES_MAX);
    bool ok = true;
    if (url[0] == '\0')
        show_variables(&out);
    else if (text_starts(url, "postgres://") || text_starts(url, "postgresql://"))
        ok = show_uri(arena, url, &out);
    else
        ok = show_conninfo(arena, url, &out);
    if (!ok) {
        log_secret(url);
        /* libpq names what it takes for a keyword: invalid connection option "..." */
        log_secret(arena_strndup(arena, url, strcspn(url, "=")));
    }
    return ok ? arena_strdup(arena, text_string(&out)) : NOT_SHOWN;
}

bool plan_conninfo_expand(Arena *arena, const char *text, const char **ret_text,
                          const char **ret_missing)
{
    AUTO(text_done) Text out;
    text_init(&out, BOUND_YAML_BYTES); /* what is cut off was no connection string */
    for (const char *at = text; *at != '\0';) {
        const char *open = strstr(at, "${");
        size_t length = open == NULL ? strlen(at) : (size_t)(open - at);
        text_append_bytes(&out, at, length);
        at += length;
        if (open == NULL)
            break;
        size_t name_length = strcspn(open + 2, "}");
        const char *name = arena_strndup(arena, open + 2, name_length);
        const char *value = getenv(name);
        if (open[2 + name_length] != '}' || value == NULL) {
            *ret_missing = open[2 + name_length] == '}' ? name : "";
            return false;
        }
        text_append(&out, value);
        at = open + 2 + name_length + 1;
    }
    *ret_text = arena_strdup(arena, text_string(&out));
    return true;
}
