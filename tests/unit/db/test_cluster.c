/* Private clusters: kept data, failures that say why, nothing left behind. */
#include "with_cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

DB_CASE(kept_data_is_used_again_and_removed_at_the_end)
{
    char directory[] = "/tmp/headgate-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chmod(directory, 0755), 0); /* the server's account must pass */
    AUTO(base_free) char *inner = base_printf("%s/a folder with ' in it", directory);
    for (int round = 0; round < 2; round++) {
        DbClusterOptions options = {.directory = inner, .keep = round == 0, .durable = true};
        DbCluster *cluster = NULL;
        must(db_cluster_start(fixture.loop, &options, &cluster, &err));
        DbTarget target = {.conninfo = db_cluster_conninfo(cluster)};
        DbConn *conn = NULL;
        must(db_open(fixture.loop, &target, &conn, &err));
        must(db_query(conn, round == 0 ? "CREATE TABLE public.kept ()" : "TABLE public.kept", NULL,
                      NULL, &err));
        db_close(conn);
        db_cluster_free(cluster);
        AUTO(base_free) char *data = base_printf("%s/data", inner);
        assert_int_equal(exists(data), round == 0);
    }
    assert_true(exists(inner)); /* in the second round it was not ours to remove */
    assert_int_equal(rmdir(inner), 0);
    assert_int_equal(rmdir(directory), 0);
}

DB_CASE(a_server_that_does_not_start_says_why)
{
    Error err = {0};
    DbCluster *cluster = NULL;
    DbClusterOptions options = {.settings = "shared_buffers = nonsense"};
    assert_false(db_cluster_start(fixture.loop, &options, &cluster, &err));
    assert_non_null(strstr(err.message, "starting a private PostgreSQL: the private server did not "
                                        "start: "));
    assert_non_null(strstr(err.message, "shared_buffers"));
    assert_null(cluster);
}

DB_CASE(a_missing_server_is_refused_with_a_hint)
{
    setenv("HEADGATE_PG_BIN", "/nonexistent", 1);
    Error err = {0};
    DbCluster *cluster = NULL;
    assert_null(db_cluster_bin());
    assert_false(db_cluster_start(fixture.loop, NULL, &cluster, &err));
    assert_int_equal(err.kind, ERROR_REFUSED);
    assert_non_null(strstr(err.hint, "HEADGATE_PG_BIN"));
    unsetenv("HEADGATE_PG_BIN");
    assert_non_null(db_cluster_bin());
}

/* A long path cannot hold a socket: it gets a folder of its own. */
DB_CASE(a_long_directory_works)
{
    char directory[] = "/tmp/headgate-test-XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chmod(directory, 0755), 0);
    AUTO(base_free) char *inner = base_printf("%s/%0100d", directory, 1);
    DbClusterOptions options = {.directory = inner};
    DbCluster *cluster = NULL;
    must(db_cluster_start(fixture.loop, &options, &cluster, &err));
    AUTO(base_free)
    char *socket = base_strndup(db_cluster_conninfo(cluster) + strlen("host="),
                                strlen("/tmp/headgate-XXXXXX"));
    assert_true(exists(socket));
    assert_string_equal(db_cluster_directory(cluster), inner);
    db_cluster_free(cluster);
    assert_false(exists(socket));
    assert_false(exists(inner));
    assert_int_equal(rmdir(directory), 0);
}

static int loop_setup(void **state)
{
    UNUSED(state);
    fixture.loop = loop_new();
    return 0;
}

static int loop_teardown(void **state)
{
    UNUSED(state);
    loop_run(fixture.loop);
    loop_free(fixture.loop);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_data_is_used_again_and_removed_at_the_end),
        cmocka_unit_test(a_server_that_does_not_start_says_why),
        cmocka_unit_test(a_missing_server_is_refused_with_a_hint),
        cmocka_unit_test(a_long_directory_works),
    };
    return cmocka_run_group_tests_name("db/cluster", tests, loop_setup, loop_teardown);
}
