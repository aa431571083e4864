/* A plan's bundle: every regular file of its folder, packed and hashed. What was approved is what
 * runs: runner and workers see only the bundle, never the files on disk. */
#ifndef HEADGATE_PLAN_BUNDLE_H
#define HEADGATE_PLAN_BUNDLE_H

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"

typedef struct BundleFile {
    const char *path;  ///< relative, "/" separated, no "..", no leading "/"
    const char *bytes; ///< NUL behind the last byte
    size_t size_bytes;
} BundleFile;

typedef struct Bundle {
    Arena *arena;
    BundleFile *files; ///< sorted by path
    size_t files_count;
    char hash[HASH_HEX_BYTES]; ///< SHA-256 over sorted (path, length, bytes)
} Bundle;

/// Reads folder (or the folder of folder/plan.lua, or of the given .lua file, which must be called
/// plan.lua): regular files only, a link or another kind of file is an error that names it; names
/// that begin with "." and the folder's headgate.yaml are left out; <= BOUND_BUNDLE_BYTES.
/// Blocking: for start-up only. extra (may be NULL) is added as the file "headgate.resolved.json"
/// (the resolved configuration).
NODISCARD bool bundle_read(const char *folder, const char *extra, Bundle **ret_bundle, Error *err);
/// One block of bytes for the state database, and back (checks the hash). Packed bytes are from
/// arena.
const void *bundle_pack(const Bundle *bundle, Arena *arena, size_t *ret_size);
NODISCARD bool bundle_unpack(const void *bytes, size_t size, Bundle **ret_bundle, Error *err);
/// NULL when there is none.
const BundleFile *bundle_find(const Bundle *bundle, const char *path);
void bundle_free(Bundle *bundle);
void bundle_auto(Bundle **bundle);

#endif
