/* Which statements the server has prepared for a connection. */
#include "db/private.h"

#include <stdio.h>
#include <string.h>

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static size_t text_hash(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (size_t)(hash ^ (hash >> 32));
}

/* The slot of sql, or the free one where it belongs. By text, not by address: an address may be
 * used again for another text. */
static size_t slot_of(const DbConn *conn, const char *sql)
{
    size_t slot = text_hash(sql) % DB_PREPARED_MAX;
    while (conn->prepared[slot] != NULL && strcmp(conn->prepared[slot], sql) != 0)
        slot = (slot + 1) % DB_PREPARED_MAX;
    return slot;
}

bool db_prepared_find(const DbConn *conn, const char *sql, char name[DB_PREPARED_NAME_BYTES])
{
    size_t slot = slot_of(conn, sql);
    snprintf(name, DB_PREPARED_NAME_BYTES, "hg%zu", slot);
    return conn->prepared[slot] != NULL;
}

/* Linear probing needs free slots to stop at. */
bool db_prepared_full(const DbConn *conn)
{
    return conn->prepared_count >= DB_PREPARED_MAX * 3 / 4;
}

void db_prepared_add(DbConn *conn, const char *sql)
{
    conn->prepared[slot_of(conn, sql)] = base_strdup(sql);
    conn->prepared_count++;
}
