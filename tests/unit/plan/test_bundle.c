/* Bundles: what is read, what is refused, that packing loses nothing, that damage is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "plan/bundle.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char folder[64];

static char *path_of(const char *name)
{
    return base_printf("%s/%s", folder, name);
}

static void put(const char *name, const char *bytes, size_t size)
{
    AUTO(base_free) char *path = path_of(name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void put_folder(const char *name)
{
    AUTO(base_free) char *path = path_of(name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static int make_folder(void **state)
{
    UNUSED(state);
    snprintf(folder, sizeof(folder), "/tmp/headgate-bundle-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    put("plan.lua", "plan \"x\" {}", 11);
    put_folder("sql");
    put("sql/1.sql", "a\0b", 3);
    put("sql-first", "", 0);
    put(".hidden", "x", 1);
    put_folder(".git");
    put(".git/config", "x", 1);
    return 0;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    UNUSED(about);
    UNUSED(type);
    UNUSED(where);
    return remove(path);
}

static int remove_folder(void **state)
{
    UNUSED(state);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static Bundle *read_good(const char *path, const char *extra)
{
    Bundle *bundle = NULL;
    Error err = {0};
    if (!bundle_read(path, extra, &bundle, &err))
        fail_msg("%s", err.message);
    return bundle;
}

static void refuses(const char *path, const char *part)
{
    Bundle *bundle = NULL;
    Error err = {0};
    assert_false(bundle_read(path, NULL, &bundle, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    if (strstr(err.message, part) == NULL)
        fail_msg("expected … %s …, got %s", part, err.message);
}

static void reads_regular_files_sorted_without_hidden_ones(void **state)
{
    UNUSED(state);
    AUTO(bundle_auto) Bundle *bundle = read_good(folder, NULL);
    assert_int_equal(bundle->files_count, 3);
    assert_string_equal(bundle->files[0].path, "plan.lua");
    assert_string_equal(bundle->files[1].path, "sql-first");
    assert_string_equal(bundle->files[2].path, "sql/1.sql");
    assert_int_equal(bundle->files[2].size_bytes, 3);
    assert_memory_equal(bundle->files[2].bytes, "a\0b", 4);
    assert_null(bundle_find(bundle, "sql"));
    assert_null(bundle_find(bundle, "../plan.lua"));
}

/* Computed here by hand from the documented form, so that the form cannot change unnoticed. */
static void hash_is_that_of_the_documented_form(void **state)
{
    static const char FORM[] = "\x08\0\0\0\0\0\0\0plan.lua\x0B\0\0\0\0\0\0\0plan \"x\" {}"
                               "\x09\0\0\0\0\0\0\0sql-first\0\0\0\0\0\0\0\0"
                               "\x09\0\0\0\0\0\0\0sql/1.sql\x03\0\0\0\0\0\0\0a\0b";
    char hash[HASH_HEX_BYTES];
    UNUSED(state);
    AUTO(bundle_auto) Bundle *bundle = read_good(folder, NULL);
    hash_sha256_hex(FORM, sizeof(FORM) - 1, hash);
    assert_string_equal(bundle->hash, hash);
}

static void the_folder_may_be_named_by_its_plan(void **state)
{
    UNUSED(state);
    AUTO(base_free) char *path = path_of("plan.lua");
    AUTO(base_free) char *other = path_of("other.lua");
    AUTO(bundle_auto) Bundle *by_folder = read_good(folder, NULL);
    AUTO(bundle_auto) Bundle *by_file = read_good(path, NULL);
    assert_string_equal(by_folder->hash, by_file->hash);
    refuses(other, "call the file plan.lua");
}

static void the_resolved_configuration_is_part_of_it(void **state)
{
    UNUSED(state);
    AUTO(bundle_auto) Bundle *with = read_good(folder, "{\"a\":1}");
    AUTO(bundle_auto) Bundle *without = read_good(folder, NULL);
    const BundleFile *file = bundle_find(with, "headgate.resolved.json");
    assert_non_null(file);
    assert_string_equal(file->bytes, "{\"a\":1}");
    assert_string_not_equal(with->hash, without->hash);
}

static void the_configuration_as_it_stands_is_not(void **state)
{
    UNUSED(state);
    static const char SECRET[] = "targets: {app: {url: 'postgres://u:secret@h/d'}}";
    AUTO(bundle_auto) Bundle *without = read_good(folder, NULL);
    put("headgate.yaml", SECRET, sizeof(SECRET) - 1);
    put("sql/headgate.yaml", "x", 1);
    AUTO(bundle_auto) Bundle *with = read_good(folder, NULL);
    assert_null(bundle_find(with, "headgate.yaml"));
    assert_non_null(bundle_find(with, "sql/headgate.yaml"));
    AUTO(base_free) char *top = path_of("headgate.yaml");
    AUTO(base_free) char *inner = path_of("sql/headgate.yaml");
    unlink(inner);
    AUTO(bundle_auto) Bundle *again = read_good(folder, NULL);
    assert_string_equal(again->hash, without->hash);
    unlink(top);
}

static void refuses_what_is_not_a_regular_file(void **state)
{
    UNUSED(state);
    AUTO(base_free) char *link = path_of("sql/link.sql");
    assert_int_equal(symlink("/etc/passwd", link), 0);
    refuses(folder, "sql/link.sql is a link");
    unlink(link);
    AUTO(base_free) char *directory = path_of("outside");
    assert_int_equal(symlink("/etc", directory), 0);
    refuses(folder, "outside is a link");
    unlink(directory);
    AUTO(base_free) char *pipe_path = path_of("pipe");
    assert_int_equal(mkfifo(pipe_path, 0600), 0);
    refuses(folder, "pipe is not a regular file");
    unlink(pipe_path);
    AUTO(base_free) char *device = path_of("sql/device");
    if (mknod(device, S_IFCHR | 0600, makedev(1, 5)) != 0) /* /dev/zero: root may make it */
        return;
    refuses(folder, "sql/device is not a regular file");
    unlink(device);
}

/* Copies made of hard links are fine; what belongs to somebody else was not put there by copying.
 */
static void refuses_a_hard_link_to_what_is_not_ours(void **state)
{
    enum { SOMEBODY = 65534 };
    UNUSED(state);
    AUTO(base_free) char *file = path_of("theirs");
    AUTO(base_free) char *link_path = path_of("sql/linked");
    put("theirs", "x", 1);
    assert_int_equal(link(file, link_path), 0);
    AUTO(bundle_auto) Bundle *bundle = read_good(folder, NULL);
    assert_non_null(bundle_find(bundle, "sql/linked"));
    if (chown(file, SOMEBODY, SOMEBODY) == 0) /* as root */
        refuses(folder, "is a hard link to a file of somebody else");
    unlink(link_path);
    unlink(file);
}

static void refuses_folders_without_a_plan(void **state)
{
    UNUSED(state);
    AUTO(base_free) char *sql = path_of("sql");
    AUTO(base_free) char *nothing = path_of("nothing");
    AUTO(base_free) char *file = path_of("sql-first");
    refuses(sql, "has no plan.lua");
    refuses(nothing, "No such file or directory");
    refuses(file, "is not a folder");
}

static void refuses_too_much(void **state)
{
    UNUSED(state);
    AUTO(base_free) char *path = path_of("big");
    put("big", "", 0);
    assert_int_equal(truncate(path, 16 * 1024 * 1024), 0); /* with plan.lua: over the limit */
    refuses(folder, "holds more than 16 MiB");
    put("headgate.resolved.json", "{}", 2);
    unlink(path);
    refuses(folder, "this name is kept");
}

static void packing_loses_nothing(void **state)
{
    Error err = {0};
    size_t size = 0;
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(bundle_auto) Bundle *bundle = read_good(folder, NULL);
    const void *packed = bundle_pack(bundle, arena, &size);
    AUTO(bundle_auto) Bundle *again = NULL;
    assert_true(bundle_unpack(packed, size, &again, &err));
    assert_string_equal(again->hash, bundle->hash);
    assert_int_equal(again->files_count, bundle->files_count);
    for (size_t i = 0; i < again->files_count; i++) {
        assert_string_equal(again->files[i].path, bundle->files[i].path);
        assert_int_equal(again->files[i].size_bytes, bundle->files[i].size_bytes);
        assert_memory_equal(again->files[i].bytes, bundle->files[i].bytes,
                            again->files[i].size_bytes + 1);
    }
}

/* Any byte changed, any byte missing, a byte too much. */
static void damage_is_seen(void **state)
{
    size_t size = 0;
    UNUSED(state);
    AUTO(arena_auto) Arena *arena = arena_new();
    AUTO(bundle_auto) Bundle *bundle = read_good(folder, NULL);
    const unsigned char *packed = bundle_pack(bundle, arena, &size);
    for (size_t i = 0; i <= size; i++) {
        Bundle *again = NULL;
        Error err = {0};
        AUTO(base_free) unsigned char *bytes = base_alloc(size + 1);
        memcpy(bytes, packed, size);
        if (i < size) {
            bytes[i] ^= 0x20;
            assert_false(bundle_unpack(bytes, size, &again, &err));
            assert_false(bundle_unpack(packed, i, &again, &err));
        } else {
            assert_false(bundle_unpack(bytes, size + 1, &again, &err));
        }
        assert_non_null(strstr(err.message, "the stored bundle is damaged"));
    }
}

static void paths_that_lead_out_are_refused(void **state)
{
    static const char *const PATHS[] = {"../x", "/x", "a/../x", "a//x", ".x", "a/", "", "a\nb"};
    UNUSED(state);
    for (size_t i = 0; i < COUNT_OF(PATHS); i++) {
        AUTO(arena_auto) Arena *arena = arena_new();
        BundleFile file = {PATHS[i], "", 0};
        Bundle made = {.files = &file, .files_count = 1};
        Bundle *bundle = NULL;
        Error err = {0};
        size_t size = 0;
        const void *packed = bundle_pack(&made, arena, &size);
        assert_false(bundle_unpack(packed, size, &bundle, &err));
        assert_string_equal(err.message, "the stored bundle is damaged");
    }
}

int main(void)
{
#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(reads_regular_files_sorted_without_hidden_ones),
        IN_A_FOLDER(hash_is_that_of_the_documented_form),
        IN_A_FOLDER(the_folder_may_be_named_by_its_plan),
        IN_A_FOLDER(the_resolved_configuration_is_part_of_it),
        IN_A_FOLDER(the_configuration_as_it_stands_is_not),
        IN_A_FOLDER(refuses_what_is_not_a_regular_file),
        IN_A_FOLDER(refuses_a_hard_link_to_what_is_not_ours),
        IN_A_FOLDER(refuses_folders_without_a_plan),
        IN_A_FOLDER(refuses_too_much),
        IN_A_FOLDER(packing_loses_nothing),
        IN_A_FOLDER(damage_is_seen),
        cmocka_unit_test(paths_that_lead_out_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
