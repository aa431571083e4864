/* The dashboard: files compiled in (web/CMakeLists.txt), or read from a folder while one works on
 * them. Views have addresses of their own that all load index.html; anything else is 404. */
#include "server/private.h"

#include "base/file.h"
#include "base/hash.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const EmbedFile server_web_files[];

enum { FILE_MAX = 8 * 1024 * 1024, ETAG_HEX = 32 };

typedef struct TypeRow {
    const char *suffix;
    const char *type;
} TypeRow;

static const TypeRow TYPES[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < COUNT_OF(TYPES); i++) {
        if (strcmp(dot, TYPES[i].suffix) == 0)
            return TYPES[i].type;
    }
    return "application/octet-stream";
}

/* Addresses of views: docs/protocol.md does not name them, the dashboard's router does. */
static const char *const VIEWS[] = {"/",       "/audit", "/flags", "/login",   "/plans",
                                    "/plans/", "/runs",  "/runs/", "/settings"};

static bool is_view(const char *path)
{
    for (size_t i = 0; i < COUNT_OF(VIEWS); i++) {
        size_t length = strlen(VIEWS[i]);
        bool below = length > 1 && VIEWS[i][length - 1] == '/' && text_starts(path, VIEWS[i]);
        if (below || strcmp(path, VIEWS[i]) == 0)
            return true;
    }
    return false;
}

/* "app-3FA9C2D1.js": the name changes with the contents. */
static bool is_hashed(const char *name)
{
    const char *dash = strrchr(name, '-');
    size_t length =
        dash == NULL
            ? 0
            : strspn(dash + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz");
    return length >= 8 && dash[1 + length] == '.';
}

static bool is_plain_name(const char *name)
{
    static const char ALLOWED[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";
    return name[0] != '\0' && name[0] != '.' && strspn(name, ALLOWED) == strlen(name) &&
           strstr(name, "/.") == NULL && strlen(name) < 200;
}

static bool accepts_gzip(const char *header)
{
    const char *found = header == NULL ? NULL : strstr(header, "gzip");
    return found != NULL && strncmp(found + 4, ";q=0,", 5) != 0 && strcmp(found + 4, ";q=0") != 0;
}

/* The tag differs by encoding, as caches want it. A hashed name says what is in the file already.
 */
static const char *etag_of(ServerRequest *request, const char *name)
{
    const ServerAnswer *answer = &request->answer;
    if (is_hashed(name))
        return arena_printf(request->arena, "\"%s%s\"", name,
                            answer->encoding == NULL ? "" : ".gz");
    char hex[HASH_HEX_BYTES];
    hash_sha256_hex(answer->bytes, answer->size_bytes, hex);
    return arena_printf(request->arena, "\"%.*s\"", ETAG_HEX, hex);
}

typedef struct FolderFile {
    const char *folder;
    const char *name;
    char *bytes;
    size_t size_bytes;
} FolderFile;

static void read_file(void *arg)
{
    FolderFile *file = arg;
    struct stat about;
    int folder = open(file->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = folder < 0 ? -1 : file_open_below(folder, file->name);
    if (fd >= 0 && fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= FILE_MAX) {
        file->bytes = base_alloc((size_t)about.st_size + 1);
        ssize_t length = read(fd, file->bytes, (size_t)about.st_size);
        file->size_bytes = length < 0 ? 0 : (size_t)length;
    }
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
}

static bool find_in_folder(ServerRequest *request, const char *name)
{
    FolderFile file = {.folder = request->server->web_root, .name = name};
    fiber_run_blocking(read_file, &file);
    if (file.bytes == NULL)
        return false;
    request->answer.bytes = arena_memdup(request->arena, file.bytes, file.size_bytes);
    request->answer.size_bytes = file.size_bytes;
    free(file.bytes);
    return true;
}

static bool find_embedded(ServerRequest *request, const char *name)
{
    const EmbedFile *packed =
        embed_find(server_web_files, arena_printf(request->arena, "%s.gz", name));
    const EmbedFile *plain = embed_find(server_web_files, name);
    bool gzip = packed != NULL && (accepts_gzip(request->accept_encoding) || plain == NULL);
    const EmbedFile *file = gzip ? packed : plain;
    if (file == NULL)
        return false;
    request->answer.bytes = file->start;
    request->answer.size_bytes = embed_bytes(file);
    request->answer.encoding = gzip ? "gzip" : NULL;
    return true;
}

static bool find(ServerRequest *request, const char *name)
{
    if (!is_plain_name(name))
        return false;
    return request->server->web_root != NULL ? find_in_folder(request, name)
                                             : find_embedded(request, name);
}

void assets_answer(ServerRequest *request)
{
    ServerAnswer *answer = &request->answer;
    const char *name = is_view(request->path) ? "index.html" : request->path + 1;
    if (!find(request, name)) {
        Error err = {0};
        answer->status = STATUS_NOT_FOUND;
        error_set(&err, ERROR_INPUT, "there is no %.200s", request->path);
        write_error(request, &err);
        return;
    }
    answer->type = type_of(name);
    bool embedded = request->server->web_root == NULL;
    answer->etag = embedded ? etag_of(request, name) : NULL;
    answer->caching =
        embedded && is_hashed(name) ? "public, max-age=31536000, immutable" : "no-cache";
    bool same = answer->etag != NULL && request->if_none_match != NULL &&
                strstr(request->if_none_match, answer->etag) != NULL;
    answer->status = same ? STATUS_NOT_MODIFIED : STATUS_OK;
}
