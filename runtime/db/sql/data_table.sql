-- The table named $1: first through the search_path, then in public. $2 = the role that will write, or NULL.
WITH named AS (
    SELECT coalesce(pg_catalog.to_regclass($1::text),
                    CASE WHEN pg_catalog.strpos($1::text, '.') = 0
                         THEN pg_catalog.to_regclass('public.' || $1::text) END) AS oid
), who AS (
    SELECT coalesce($2::text, current_user) AS role
)
SELECT c.oid, n.nspname, c.relname, c.relkind,
       CASE WHEN c.reltuples >= 0 AND c.relkind <> 'p' THEN c.reltuples::bigint
            WHEN c.relkind = 'p' THEN (SELECT coalesce(sum(greatest(p.reltuples, 0)), 0)::bigint
                                       FROM pg_catalog.pg_partition_tree(c.oid) AS t
                                       JOIN pg_catalog.pg_class AS p ON p.oid = t.relid WHERE t.isleaf)
            ELSE pg_catalog.pg_relation_size(c.oid) / 200 END AS rows_estimate,
       pg_catalog.pg_table_size(c.oid) AS bytes,
       c.relkind = 'r' AND EXISTS (SELECT FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = c.oid) AS has_children,
       c.relrowsecurity
           AND NOT (SELECT r.rolsuper OR r.rolbypassrls FROM pg_catalog.pg_roles AS r WHERE r.rolname = who.role)
           AND (c.relforcerowsecurity OR NOT pg_catalog.pg_has_role(who.role, c.relowner, 'USAGE')) AS rows_hidden,
       (SELECT pg_catalog.string_agg(p.polname, ', ' ORDER BY p.polname)
        FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid) AS policies,
       who.role,
       pg_catalog.has_table_privilege(who.role, c.oid, 'SELECT') AS may_read,
       pg_catalog.has_table_privilege(who.role, c.oid, 'UPDATE')
           OR pg_catalog.has_any_column_privilege(who.role, c.oid, 'UPDATE') AS may_write
FROM named JOIN pg_catalog.pg_class AS c ON c.oid = named.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace, who
