/* Reads a plan's folder into memory, hashes it, packs it.
 *
 * Packed form (version 1), all numbers 8 bytes, little endian:
 *   "HGBUNDL1"  number of files  { length of path  path  size  bytes } for each file, sorted by
 * path The hash is SHA-256 over { length of path  path  size  bytes } of each file, in that order.
 */
#include "plan/bundle.h"

#include "base/bounds.h"
#include "base/share.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NUMBER_BYTES = 8,
    MAGIC_BYTES = 8,
    HASH_DIGITS = HASH_HEX_BYTES - 1,
    PATH_BYTES_MAX = 1000,
    FOLDER_DEPTH_MAX = 16,
};

static const char MAGIC[MAGIC_BYTES + 1] = "HGBUNDL1";
static const char RESOLVED[] = "headgate.resolved.json";

static void descriptor_close(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}

static void folder_close(DIR **folder)
{
    if (*folder != NULL)
        closedir(*folder);
}

static Bundle *bundle_new(size_t files_max)
{
    Bundle *bundle = base_alloc(sizeof(Bundle));
    bundle->arena = arena_new();
    bundle->files = arena_alloc(bundle->arena, (files_max + 1) * sizeof(BundleFile));
    return bundle;
}

void bundle_free(Bundle *bundle)
{
    if (bundle == NULL)
        return;
    arena_free(bundle->arena);
    free(bundle);
}

void bundle_auto(Bundle **bundle)
{
    bundle_free(*bundle);
}

/* ---- reading files ---- */

typedef struct Walk {
    Bundle *bundle;
    size_t total_bytes;
} Walk;

/* The files of one folder on their way into memory, by one thread or two: opening and closing cost
 * the kernel more than reading. */
typedef struct Reading {
    Walk *walk;
    int folder;
    size_t prefix_bytes;  /* of the paths, before the names */
    pthread_mutex_t lock; /* guards walk */
} Reading;

static bool add_file(Walk *walk, const char *path, const char *bytes, size_t size, Error *err)
{
    Bundle *bundle = walk->bundle;
    if (bundle->files_count >= BOUND_BUNDLE_FILES)
        return error_set(err, ERROR_INPUT, "%s: the plan's folder has more than %d files", path,
                         BOUND_BUNDLE_FILES);
    bundle->files[bundle->files_count++] = (BundleFile){path, bytes, size};
    walk->total_bytes += size;
    return true;
}

static bool over_limit(const char *path, Error *err)
{
    return error_set(err, ERROR_INPUT, "%s: the plan's folder holds more than %d MiB", path,
                     BOUND_BUNDLE_BYTES / (1024 * 1024));
}

static bool read_all(int descriptor, char *bytes, size_t size, const char *path, Error *err)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(descriptor, bytes + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(err, ERROR_INTERNAL, "reading %s: %s", path, strerror(errno));
        if (got == 0)
            return error_set(err, ERROR_INPUT, "%s became shorter while it was read", path);
        done += (size_t)got;
    }
    return true;
}

/* Whoever may write into the folder, and no more, could so have another's file read out to them. */
static bool linked_from_elsewhere(int folder, const struct stat *about)
{
    struct stat owner;
    return about->st_nlink > 1 && fstat(folder, &owner) == 0 && owner.st_uid != about->st_uid;
}

/* NULL: over the limit. */
static char *take_room(Reading *reading, off_t size)
{
    Walk *walk = reading->walk;
    char *bytes = NULL;
    pthread_mutex_lock(&reading->lock);
    if (size <= BOUND_BUNDLE_BYTES && walk->total_bytes + (size_t)size <= BOUND_BUNDLE_BYTES) {
        walk->total_bytes += (size_t)size;
        bytes = arena_alloc(walk->bundle->arena, (size_t)size + 1);
    }
    pthread_mutex_unlock(&reading->lock);
    return bytes;
}

static bool read_file(void *ctx, size_t number, Error *err)
{
    Reading *reading = ctx;
    BundleFile *file = &reading->walk->bundle->files[number];
    const char *path = file->path;
    AUTO(descriptor_close)
    int descriptor = openat(reading->folder, path + reading->prefix_bytes,
                            O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    struct stat about;
    if (descriptor < 0 || fstat(descriptor, &about) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    if (!S_ISREG(about.st_mode)) /* it was one a moment ago */
        return error_set(err, ERROR_INPUT, "%s is not a regular file", path);
    if (linked_from_elsewhere(reading->folder, &about))
        return error_set(err, ERROR_INPUT, "%s is a hard link to a file of somebody else", path);
    char *bytes = take_room(reading, about.st_size);
    if (bytes == NULL)
        return over_limit(path, err);
    file->bytes = bytes;
    file->size_bytes = (size_t)about.st_size;
    return read_all(descriptor, bytes, file->size_bytes, path, err);
}

/* Those that were added to the bundle since it had first. */
static bool read_files(Walk *walk, int folder, const char *prefix, size_t first, Error *err)
{
    Reading reading = {.walk = walk,
                       .folder = folder,
                       .prefix_bytes = strlen(prefix),
                       .lock = PTHREAD_MUTEX_INITIALIZER};
    return share_items(first, walk->bundle->files_count, read_file, &reading, err);
}

/* ---- the folder ---- */

/* printf takes longer than the rest of noting a file. */
static const char *join(Arena *arena, const char *prefix, const char *name)
{
    size_t before = strlen(prefix);
    size_t after = strlen(name);
    char *path = arena_alloc(arena, before + after + 1);
    memcpy(path, prefix, before);
    memcpy(path + before, name, after);
    return path;
}

static bool check_path(const char *path, Error *err)
{
    if (strlen(path) > PATH_BYTES_MAX)
        return error_set(err, ERROR_INPUT, "a path of the plan is longer than %d bytes: %.80s…",
                         PATH_BYTES_MAX, path);
    for (const char *at = path; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20)
            return error_set(err, ERROR_INPUT, "%s has a control character in its name", path);
    }
    return true;
}

/* A folder in the folder that is walked. */
typedef struct Inner {
    const char *path;
    struct Inner *next;
} Inner;

/* Files and folders are only noted. */
static bool note_entry(Walk *walk, int folder, const struct dirent *entry, const char *path,
                       Inner **inner, Error *err)
{
    struct stat about;
    if (!check_path(path, err))
        return false;
    if (entry->d_type == DT_REG) /* else, and where the file system does not say: asked */
        return add_file(walk, path, NULL, 0, err);
    if (fstatat(folder, entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path, strerror(errno));
    if (S_ISLNK(about.st_mode))
        return error_set(err, ERROR_INPUT, "%s is a link: a plan's folder holds only regular files",
                         path);
    if (S_ISREG(about.st_mode))
        return add_file(walk, path, NULL, 0, err);
    if (!S_ISDIR(about.st_mode))
        return error_set(err, ERROR_INPUT, "%s is not a regular file", path);
    Inner *noted = arena_alloc(walk->bundle->arena, sizeof(*noted));
    *noted = (Inner){.path = path, .next = *inner};
    *inner = noted;
    return true;
}

/* What begins with "." is nobody's plan. Of headgate.yaml the bundle has what it comes to, without
 * the passwords that may stand in it: everybody who may look reads the files of a plan. */
static bool stays_outside(const char *prefix, const char *name)
{
    return name[0] == '.' || (prefix[0] == '\0' && strcmp(name, "headgate.yaml") == 0);
}

static bool note_entries(Walk *walk, DIR *entries, const char *prefix, Inner **ret_inner,
                         Error *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (entry == NULL && errno != 0)
            return error_set(err, ERROR_INTERNAL, "reading %s: %s", prefix, strerror(errno));
        if (entry == NULL)
            return true;
        if (stays_outside(prefix, entry->d_name))
            continue;
        const char *path = join(walk->bundle->arena, prefix, entry->d_name);
        if (!note_entry(walk, dirfd(entries), entry, path, ret_inner, err))
            return false;
    }
}

/* Takes folder: it is closed in every case. */
static bool walk_folder(Walk *walk, int folder, const char *prefix, int depth, Error *err)
{
    AUTO(folder_close) DIR *entries = fdopendir(folder);
    Inner *inner = NULL;
    size_t first = walk->bundle->files_count;
    if (entries == NULL) {
        close(folder);
        return error_set(err, ERROR_INTERNAL, "reading %s: %s", prefix, strerror(errno));
    }
    if (depth > FOLDER_DEPTH_MAX)
        return error_set(err, ERROR_INPUT, "%s is nested deeper than %d folders", prefix,
                         FOLDER_DEPTH_MAX);
    if (!note_entries(walk, entries, prefix, &inner, err) ||
        !read_files(walk, folder, prefix, first, err))
        return false;
    for (; inner != NULL; inner = inner->next) {
        int within = openat(folder, inner->path + strlen(prefix),
                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (within < 0)
            return error_set(err, ERROR_INPUT, "%s: %s", inner->path, strerror(errno));
        if (!walk_folder(walk, within, join(walk->bundle->arena, inner->path, "/"), depth + 1, err))
            return false;
    }
    return true;
}

/* The folder of what was given: itself, or what holds the given plan.lua. */
static bool folder_of(const char *given, Arena *arena, const char **ret_folder, Error *err)
{
    const char *slash = strrchr(given, '/');
    const char *last = slash == NULL ? given : slash + 1;
    *ret_folder = given;
    if (!text_ends(last, ".lua"))
        return true;
    if (strcmp(last, "plan.lua") != 0)
        return error_set(err, ERROR_INPUT,
                         "%s: a plan is a folder with a plan.lua in it; call the file plan.lua",
                         given);
    *ret_folder = slash == NULL    ? "."
                  : slash == given ? "/"
                                   : arena_strndup(arena, given, (size_t)(slash - given));
    return true;
}

/* ---- order and hash ---- */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const BundleFile *)a)->path, ((const BundleFile *)b)->path);
}

static unsigned char *put_number(unsigned char *at, uint64_t number)
{
    for (int i = 0; i < NUMBER_BYTES; i++)
        *at++ = (unsigned char)(number >> (8 * i));
    return at;
}

static unsigned char *put_bytes(unsigned char *at, const void *bytes, size_t size)
{
    if (size > 0)
        memcpy(at, bytes, size);
    return at + size;
}

static size_t files_size(const Bundle *bundle)
{
    size_t size = 0;
    for (size_t i = 0; i < bundle->files_count; i++)
        size += 2 * NUMBER_BYTES + strlen(bundle->files[i].path) + bundle->files[i].size_bytes;
    return size;
}

static void put_files(const Bundle *bundle, unsigned char *at)
{
    for (size_t i = 0; i < bundle->files_count; i++) {
        const BundleFile *file = &bundle->files[i];
        size_t length = strlen(file->path);
        at = put_bytes(put_number(at, length), file->path, length);
        at = put_bytes(put_number(at, file->size_bytes), file->bytes, file->size_bytes);
    }
}

static void finish(Bundle *bundle)
{
    qsort(bundle->files, bundle->files_count, sizeof(BundleFile), by_path);
    size_t size = files_size(bundle);
    AUTO(base_free) unsigned char *block = base_alloc(size);
    put_files(bundle, block);
    hash_sha256_hex(block, size, bundle->hash);
}

bool bundle_read(const char *folder, const char *extra, Bundle **ret_bundle, Error *err)
{
    AUTO(bundle_auto) Bundle *bundle = bundle_new(BOUND_BUNDLE_FILES);
    Walk walk = {bundle, 0};
    const char *path;
    if (!folder_of(folder, bundle->arena, &path, err))
        return false;
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return error_set(err, ERROR_INPUT, "%s: %s", path,
                         errno == ENOTDIR ? "is not a folder" : strerror(errno));
    if (!walk_folder(&walk, descriptor, "", 0, err))
        return error_wrap(err, "reading plan %s", path);
    if (bundle_find(bundle, "plan.lua") == NULL)
        return error_set(err, ERROR_INPUT, "%s has no plan.lua", path);
    if (bundle_find(bundle, RESOLVED) != NULL)
        return error_set(err, ERROR_INPUT,
                         "%s/%s: this name is kept for the resolved configuration", path, RESOLVED);
    if (extra != NULL) {
        size_t size = strlen(extra);
        if (walk.total_bytes + size > BOUND_BUNDLE_BYTES)
            return over_limit(RESOLVED, err);
        if (!add_file(&walk, RESOLVED, arena_memdup(bundle->arena, extra, size), size, err))
            return false;
    }
    finish(bundle);
    *ret_bundle = bundle;
    bundle = NULL;
    return true;
}

/* While the folder is read the files have no order yet, so this does not search by halves; there
 * are few. */
const BundleFile *bundle_find(const Bundle *bundle, const char *path)
{
    for (size_t i = 0; i < bundle->files_count; i++) {
        if (strcmp(bundle->files[i].path, path) == 0)
            return &bundle->files[i];
    }
    return NULL;
}

/* ---- packing ---- */

const void *bundle_pack(const Bundle *bundle, Arena *arena, size_t *ret_size)
{
    size_t files_bytes = files_size(bundle);
    size_t size = MAGIC_BYTES + NUMBER_BYTES + files_bytes + HASH_DIGITS;
    unsigned char *block = arena_alloc(arena, size);
    unsigned char *at = put_number(put_bytes(block, MAGIC, MAGIC_BYTES), bundle->files_count);
    put_files(bundle, at);
    put_bytes(at + files_bytes, bundle->hash, HASH_DIGITS);
    *ret_size = size;
    return block;
}

typedef struct Reader {
    const unsigned char *at;
    size_t left_bytes;
} Reader;

static bool take_bytes(Reader *reader, size_t size, const unsigned char **ret_bytes)
{
    if (size > reader->left_bytes)
        return false;
    *ret_bytes = reader->at;
    reader->at += size;
    reader->left_bytes -= size;
    return true;
}

static bool take_number(Reader *reader, uint64_t most, size_t *ret_number)
{
    const unsigned char *bytes;
    if (!take_bytes(reader, NUMBER_BYTES, &bytes))
        return false;
    uint64_t number = 0;
    for (int i = NUMBER_BYTES - 1; i >= 0; i--)
        number = number << 8 | bytes[i];
    *ret_number = (size_t)number;
    return number <= most;
}

/* No absolute path, no empty, "." or ".." part, no NUL or other control character. */
static bool path_is_safe(const char *path, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)path[i] < 0x20)
            return false;
    }
    size_t start = 0;
    for (size_t i = 0; i <= length; i++) {
        if (i < length && path[i] != '/')
            continue;
        if (i == start || path[start] == '.')
            return false;
        start = i + 1;
    }
    return true;
}

static bool take_file(Reader *reader, Bundle *bundle)
{
    size_t length;
    size_t size;
    const unsigned char *path;
    const unsigned char *bytes;
    if (!take_number(reader, PATH_BYTES_MAX, &length) || !take_bytes(reader, length, &path) ||
        !path_is_safe((const char *)path, length) ||
        !take_number(reader, BOUND_BUNDLE_BYTES, &size) || !take_bytes(reader, size, &bytes))
        return false;
    BundleFile *file = &bundle->files[bundle->files_count];
    *file = (BundleFile){arena_memdup(bundle->arena, path, length),
                         arena_memdup(bundle->arena, bytes, size), size};
    /* sorted, and none twice: there is one packed form of a bundle */
    if (bundle->files_count > 0 && strcmp(file[-1].path, file->path) >= 0)
        return false;
    bundle->files_count++;
    return true;
}

bool bundle_unpack(const void *bytes, size_t size, Bundle **ret_bundle, Error *err)
{
    AUTO(bundle_auto) Bundle *bundle = NULL;
    Reader reader = {bytes, size};
    const unsigned char *magic;
    size_t count;
    bool ok = take_bytes(&reader, MAGIC_BYTES, &magic) && memcmp(magic, MAGIC, MAGIC_BYTES) == 0 &&
              take_number(&reader, BOUND_BUNDLE_FILES + 1, &count);
    if (ok)
        bundle = bundle_new(count);
    for (size_t i = 0; ok && i < count; i++)
        ok = take_file(&reader, bundle);
    const unsigned char *hash;
    if (!ok || !take_bytes(&reader, HASH_DIGITS, &hash) || reader.left_bytes > 0)
        return error_set(err, ERROR_INPUT, "the stored bundle is damaged");
    finish(bundle);
    if (memcmp(hash, bundle->hash, HASH_DIGITS) != 0)
        return error_set(err, ERROR_INPUT,
                         "the stored bundle is damaged: its content has another hash");
    *ret_bundle = bundle;
    bundle = NULL;
    return true;
}
