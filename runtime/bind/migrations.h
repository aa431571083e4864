/* A directory of migration files to steps. */
#ifndef HEADGATE_BIND_MIGRATIONS_H
#define HEADGATE_BIND_MIGRATIONS_H

#include "base/json.h"
#include "plan/bundle.h"

/// Puts one step for each migration of the node's dir, in the order of their numbers, into its
/// children. node is the graph of a `migrations` (its keys as the author wrote them; what has a
/// wrong type is left to plan_from_graph()). Fails with ERROR_INPUT "plan.lua:3:5: …" or
/// "sql/003.sql:9: …".
NODISCARD bool bind_migrations_expand(const Bundle *bundle, json_t *node, Error *err);

#endif
