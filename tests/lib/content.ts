/** What the tables of a database hold, as text: equal text, equal content. */
import type { Cluster } from "./cluster";

/** Columns whose values are another each time: the clock's, and numbers or UUIDs that the server hands out. */
const VOLATILE = `a.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype) OR a.attidentity <> ''
  OR EXISTS (SELECT FROM pg_attrdef AS d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum
                AND pg_get_expr(d.adbin, d.adrelid) LIKE '%gen_random_uuid()%')`;

/** A digest of every table outside headgate's own schema, by name; stable: without columns that differ from run to run. */
export async function contentOf(cluster: Cluster, database: string, stable = false): Promise<Record<string, string>> {
  const tables = await cluster.query(
    database,
    `SELECT c.oid::regclass::text AS name, string_agg(format('t.%I', a.attname), ', ' ORDER BY a.attnum) AS columns
       FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
       JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'headgate')
        AND n.nspname NOT LIKE 'pg\\_%' AND NOT ($1 AND (${VOLATILE}))
      GROUP BY c.oid ORDER BY 1`,
    [stable],
  );
  const content: Record<string, string> = {};
  for (const { name, columns } of tables) {
    const rows = await cluster.query(
      database,
      `SELECT count(*) || ' rows ' || coalesce(md5(string_agg(md5(r), '' ORDER BY r COLLATE "C")), '-') AS digest
         FROM (SELECT ROW(${columns})::text AS r FROM ONLY ${name} AS t) AS x`,
    );
    content[String(name)] = String(rows[0]?.["digest"]);
  }
  return content;
}
