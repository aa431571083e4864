/* The environment for PostgreSQL's own programs (pg_dump, pg_restore): connection settings go
 * there, never into arguments, which every user of the machine can read. */
#ifndef HEADGATE_DB_ENV_H
#define HEADGATE_DB_ENV_H

#include "base/arena.h"
#include "base/error.h"

/// What such a program needs of our own environment, with PGHOST, PGUSER, PGPASSWORD, … from
/// conninfo put over it. NULL-terminated, from arena. ERROR_INPUT when conninfo does not parse.
NODISCARD bool db_env(Arena *arena, const char *conninfo, const char ***ret_env, Error *err);
/// Full path of one of PostgreSQL's programs ("pg_dump"): beside the server's binaries, or found in
/// PATH. ERROR_INPUT when it is not there.
NODISCARD bool db_env_program(Arena *arena, const char *name, const char **ret_path, Error *err);

#endif
