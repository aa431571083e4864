-- Foreign keys, views and column types of other schemas that need something of feature_planner.
SELECT c.conrelid::regclass AS what
  FROM pg_constraint AS c JOIN pg_class AS here ON here.oid = c.confrelid JOIN pg_class AS there ON there.oid = c.conrelid
 WHERE c.contype = 'f' AND here.relnamespace = to_regnamespace('feature_planner') AND there.relnamespace <> here.relnamespace
UNION
SELECT there.oid::regclass
  FROM pg_depend AS d
  JOIN pg_rewrite AS r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_class AS there ON there.oid = r.ev_class
  JOIN pg_class AS here ON here.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
 WHERE here.relnamespace = to_regnamespace('feature_planner') AND there.relnamespace <> here.relnamespace
UNION
SELECT there.oid::regclass
  FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid JOIN pg_class AS there ON there.oid = a.attrelid
 WHERE t.typnamespace = to_regnamespace('feature_planner') AND there.relnamespace <> t.typnamespace AND NOT a.attisdropped
