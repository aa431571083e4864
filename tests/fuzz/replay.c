/* Runs a target over files, without libFuzzer: FILE or FOLDER ... Each file's name is printed
 * before it is tried, so that the last line before a crash names it. */
#include "base/base.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool replay_file(const char *path)
{
    struct stat about;
    FILE *file = fopen(path, "re");
    if (file == NULL || fstat(fileno(file), &about) != 0)
        return false;
    size_t size = (size_t)about.st_size;
    uint8_t *bytes = base_realloc(NULL, size == 0 ? 1 : size);
    bool ok = fread(bytes, 1, size, file) == size;
    fclose(file);
    printf("%s\n", path);
    fflush(stdout);
    if (ok)
        LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    return ok;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool replay_folder(const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, by_name);
    int files = 0;
    bool ok = count >= 0;
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            AUTO(base_free) char *file = base_printf("%s/%s", path, entries[i]->d_name);
            ok = ok && replay_file(file);
            files++;
        }
        free(entries[i]);
    }
    free(entries);
    return ok && files > 0;
}

int main(int count, char **names)
{
    bool ok = count > 1;
    for (int i = 1; ok && i < count; i++) {
        struct stat about;
        bool folder = stat(names[i], &about) == 0 && S_ISDIR(about.st_mode);
        ok = folder ? replay_folder(names[i]) : replay_file(names[i]);
        if (!ok)
            fprintf(stderr, "%s: nothing to read\n", names[i]);
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
