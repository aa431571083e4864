/* Connecting through something that announces another process id than the backend's, as poolers do:
 * a proxy on the same loop that changes the message BackendKeyData on its way to the client. */
#include "with_cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <uv.h>

/* -- the proxy -- */

typedef struct Side {
    uv_pipe_t pipe;
    struct Link *link;
    struct Side *other;
    char buffer[64 * 1024];
} Side;

typedef struct Link {
    Side client;
    Side server;
    uv_connect_t connect;
    int open;
} Link;

typedef struct Piece {
    uv_write_t write;
    char bytes[];
} Piece;

static struct {
    uv_pipe_t listener;
    char folder[32];
    char path[64];
    char server_path[128];
} proxy;

static void on_side_closed(uv_handle_t *handle)
{
    Link *link = ((Side *)handle->data)->link;
    if (--link->open == 0)
        free(link);
}

static void link_close(Link *link)
{
    if (!uv_is_closing((uv_handle_t *)&link->client.pipe))
        uv_close((uv_handle_t *)&link->client.pipe, on_side_closed);
    if (!uv_is_closing((uv_handle_t *)&link->server.pipe))
        uv_close((uv_handle_t *)&link->server.pipe, on_side_closed);
}

static void on_piece_written(uv_write_t *write, int status)
{
    UNUSED(status);
    free(write->data);
}

/* 'K', length 12, process id, key: the last byte of the process id is changed. */
static void change_process_id(char *bytes, size_t size)
{
    static const char HEAD[] = {'K', 0, 0, 0, 12};
    char *found = memmem(bytes, size, HEAD, sizeof(HEAD));
    if (found != NULL)
        found[sizeof(HEAD) + 3] = (char)(found[sizeof(HEAD) + 3] ^ 1);
}

static void on_side_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    UNUSED(suggested);
    Side *side = handle->data;
    *buffer = uv_buf_init(side->buffer, sizeof(side->buffer));
}

static void on_side_read(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
    Side *side = stream->data;
    if (bytes < 0) {
        link_close(side->link);
        return;
    }
    if (side == &side->link->server)
        change_process_id(buffer->base, (size_t)bytes);
    Piece *piece = malloc(sizeof(*piece) + (size_t)bytes);
    memcpy(piece->bytes, buffer->base, (size_t)bytes);
    piece->write.data = piece;
    uv_buf_t out = uv_buf_init(piece->bytes, (unsigned)bytes);
    if (uv_write(&piece->write, (uv_stream_t *)&side->other->pipe, &out, 1, on_piece_written) != 0)
        free(piece);
}

static void on_server_connected(uv_connect_t *connect, int status)
{
    Link *link = connect->data;
    if (status != 0) {
        link_close(link);
        return;
    }
    uv_read_start((uv_stream_t *)&link->client.pipe, on_side_alloc, on_side_read);
    uv_read_start((uv_stream_t *)&link->server.pipe, on_side_alloc, on_side_read);
}

static void on_client(uv_stream_t *listener, int status)
{
    assert_int_equal(status, 0);
    Link *link = calloc(1, sizeof(*link));
    link->client.other = &link->server;
    link->server.other = &link->client;
    Side *sides[] = {&link->client, &link->server};
    for (size_t i = 0; i < COUNT_OF(sides); i++) {
        uv_pipe_init(listener->loop, &sides[i]->pipe, 0);
        sides[i]->pipe.data = sides[i];
        sides[i]->link = link;
        link->open++;
    }
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&link->client.pipe), 0);
    link->connect.data = link;
    uv_pipe_connect(&link->connect, &link->server.pipe, proxy.server_path, on_server_connected);
}

static void proxy_begin(void)
{
    snprintf(proxy.folder, sizeof(proxy.folder), "/tmp/headgate-test-XXXXXX");
    assert_non_null(mkdtemp(proxy.folder));
    snprintf(proxy.path, sizeof(proxy.path), "%s/.s.PGSQL.5432", proxy.folder);
    snprintf(proxy.server_path, sizeof(proxy.server_path), "%s/.s.PGSQL.5432",
             db_cluster_directory(fixture.cluster));
    uv_pipe_init(loop_uv(fixture.loop), &proxy.listener, 0);
    assert_int_equal(uv_pipe_bind(&proxy.listener, proxy.path), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&proxy.listener, 16, on_client), 0);
}

static void proxy_end(void)
{
    uv_close((uv_handle_t *)&proxy.listener, NULL);
    unlink(proxy.path);
    assert_int_equal(rmdir(proxy.folder), 0);
}

/* -- cases -- */

static bool open_through_proxy(bool pooler_session, DbConn **ret_conn, Error *err)
{
    char conninfo[128];
    snprintf(conninfo, sizeof(conninfo), "host=%s port=5432 user=headgate dbname=postgres",
             proxy.folder);
    DbTarget target = {.conninfo = conninfo, .pooler_session = pooler_session};
    return db_open(fixture.loop, &target, ret_conn, err);
}

DB_CASE(a_pooler_is_refused_unless_the_target_names_it)
{
    proxy_begin();
    DbConn *conn = NULL;
    Error err = {0};
    assert_false(open_through_proxy(false, &conn, &err));
    assert_int_equal(err.kind, ERROR_REFUSED);
    assert_true(text_starts(err.message, "the connection goes through a pooler"));
    assert_non_null(strstr(err.hint, "pooler: session"));
    proxy_end();
}

DB_CASE(a_pooler_in_session_mode_passes_the_probe)
{
    proxy_begin();
    DbConn *conn = NULL;
    must(open_through_proxy(true, &conn, &err));
    AUTO(db_result_auto) DbResult *result = NULL;
    must(db_query(conn, "SELECT pg_backend_pid()", NULL, &result, &err));
    assert_int_equal(db_int(result, 0, 0), db_backend_pid(conn)); /* the real one, for take-over */
    db_close(conn);
    proxy_end();
}

static void poolers_are_recognized_by_process_ids(void **state)
{
    UNUSED(state);
    Error err = {0};
    assert_true(db_pooler_check(100, 100, false, &err));
    assert_true(db_pooler_check(100, 200, true, &err));
    assert_false(db_pooler_check(100, 200, false, &err));
    assert_int_equal(err.kind, ERROR_REFUSED);
    assert_string_equal(err.message, "the connection goes through a pooler (it announced backend "
                                     "100, statements run in 200)");
    assert_non_null(strstr(err.hint, "pooler: session"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poolers_are_recognized_by_process_ids),
        cmocka_unit_test(a_pooler_is_refused_unless_the_target_names_it),
        cmocka_unit_test(a_pooler_in_session_mode_passes_the_probe),
    };
    return cmocka_run_group_tests_name("db/pooler", tests, group_setup, group_teardown);
}
