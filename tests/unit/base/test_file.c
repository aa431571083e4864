/* What lies below a folder is opened by its names alone: no way leads out of it. */
#include "base/base.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* outside/secret, and a folder beside it with a file, links to the outside, and what is no file. */
static int begin(void **state)
{
    static char template[] = "/tmp/headgate-file-XXXXXX";
    UNUSED(state);
    if (mkdtemp(template) == NULL || chdir(template) != 0)
        return -1;
    bool made = mkdir("outside", 0700) == 0 && mkdir("in", 0700) == 0 && mkdir("in/d", 0700) == 0 &&
                symlink("/etc", "in/etc") == 0 && symlink("..", "in/d/up") == 0 &&
                symlink("../outside/secret", "in/link") == 0 && mkfifo("in/fifo", 0600) == 0;
    int secret = open("outside/secret", O_WRONLY | O_CREAT, 0600);
    int file = open("in/d/file", O_WRONLY | O_CREAT, 0600);
    made = made && secret >= 0 && file >= 0;
    close(secret);
    close(file);
    return made ? 0 : -1;
}

static int opened(const char *path)
{
    int folder = open("in", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = file_open_below(folder, path);
    close(folder);
    return fd;
}

static bool is_same(int fd, const char *path)
{
    struct stat one;
    struct stat other;
    return fstat(fd, &one) == 0 && stat(path, &other) == 0 && one.st_ino == other.st_ino &&
           one.st_dev == other.st_dev;
}

/* Every path of one to three of these parts; those that stay inside are the folder d and its file.
 */
static void every_way_out_is_refused(void **state)
{
    static const char *const PARTS[] = {"..",     ".",       "",     "d",     "file", "link",
                                        "etc",    "passwd",  "up",   "fifo",  "...",  "..\\",
                                        "%2e%2e", "outside", "/etc", "secret"};
    UNUSED(state);
    size_t tried = 0;
    size_t count = COUNT_OF(PARTS);
    for (size_t i = 0; i < count * count * count; i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/%s/%s", PARTS[i / count / count], PARTS[i / count % count],
                 PARTS[i % count]);
        for (int parts = 0; parts < 3; parts++, tried++) {
            int fd = opened(path);
            bool good =
                strcmp(path, "d/file") == 0 || strcmp(path, "d") == 0 || strcmp(path, "fifo") == 0;
            if ((fd >= 0) != good)
                fail_msg("<%s> was %s", path, fd >= 0 ? "opened" : "refused");
            if (fd >= 0) {
                assert_true(is_same(fd, strcmp(path, "d") == 0      ? "in/d"
                                        : strcmp(path, "fifo") == 0 ? "in/fifo"
                                                                    : "in/d/file"));
                close(fd);
            }
            char *slash = strrchr(path, '/');
            if (slash == NULL)
                break;
            *slash = '\0';
        }
    }
    assert_true(tried >= 500);
}

static void a_name_is_not_longer_than_names_are(void **state)
{
    char path[4000];
    UNUSED(state);
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(opened(path), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_out_is_refused),
        cmocka_unit_test(a_name_is_not_longer_than_names_are),
    };
    return cmocka_run_group_tests_name("base/file", tests, begin, NULL);
}
