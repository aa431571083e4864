/* People: who may log in at all, and what they may do (viewer, operator, administrator). What they
 * may approve stands in headgate.yaml. */
#ifndef HEADGATE_ACCESS_PERSON_H
#define HEADGATE_ACCESS_PERSON_H

#include "base/json.h"
#include "db/conn.h"

/// Roles in rising order: each may do what those before it may.
typedef enum AccessRole {
    ACCESS_NOBODY, ///< not logged in
    ACCESS_VIEWER,
    ACCESS_OPERATOR,
    ACCESS_ADMINISTRATOR,
} AccessRole;

const char *access_role_name(AccessRole role);
AccessRole access_role_parse(const char *name); ///< ACCESS_NOBODY for an unknown word

/// Waits. ERROR_INPUT for a bad name or role (with did-you-mean), ERROR_CONFLICT when there is one
/// already.
NODISCARD bool access_person_add(DbConn *state, const char *name, const char *role, Error *err);
/// Waits. Gives somebody another role; a disabled person is enabled again.
NODISCARD bool access_person_change(DbConn *state, const char *name, const char *role, Error *err);
/// Waits. Nothing of theirs works any more: tokens and sessions are deleted. What they approved
/// stays.
NODISCARD bool access_person_disable(DbConn *state, const char *name, Error *err);
/// Waits. [{name, role, created_at, disabled_at, tokens}] by name.
NODISCARD bool access_person_list(DbConn *state, json_t **ret_people, Error *err);

#endif
