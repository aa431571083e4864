-- What the database is made of, without what belongs to the system, to an extension or to us: one row (object, part, definition)
-- each, sorted. part is '' for the object itself, else what stands in it ("column id"). Names are qualified whatever the
-- search_path when it is pg_catalog. Definitions of more than $1 bytes are cut and end with their MD5 (NULL = never).
-- Not there: operators and their classes, casts, conversions, text search, languages, publications and subscriptions.
WITH space AS (
    SELECT n.oid, pg_catalog.quote_ident(n.nspname) AS name, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'headgate')
), foreign_born AS (
    -- made by an extension, or (functions) by the server for a type
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
    WHERE d.deptype = 'e' OR (d.deptype = 'i' AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass)
), relation AS (
    SELECT c.*, s.name || '.' || pg_catalog.quote_ident(c.relname) AS called,
           CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'view ' WHEN 'S' THEN 'sequence ' ELSE 'table ' END
               || s.name || '.' || pg_catalog.quote_ident(c.relname) AS object
    FROM pg_catalog.pg_class AS c JOIN space AS s ON s.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
      AND NOT EXISTS (SELECT FROM foreign_born AS f WHERE f.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND f.objid = c.oid)
), owned AS (
    -- a sequence of a column stands in its table
    SELECT d.objid AS sequence, r.oid AS relation, r.object, a.attname, d.deptype
    FROM pg_catalog.pg_depend AS d JOIN relation AS r ON r.oid = d.refobjid
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      AND d.deptype IN ('a', 'i') AND d.objid IN (SELECT oid FROM relation WHERE relkind = 'S')
), function AS (
    SELECT p.*, CASE p.prokind WHEN 'p' THEN 'procedure ' WHEN 'a' THEN 'aggregate ' ELSE 'function ' END || s.name || '.'
               || pg_catalog.quote_ident(p.proname) || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS object
    FROM pg_catalog.pg_proc AS p JOIN space AS s ON s.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM foreign_born AS f WHERE f.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND f.objid = p.oid)
), type AS (
    SELECT t.*, 'type ' || s.name || '.' || pg_catalog.quote_ident(t.typname) AS object
    FROM pg_catalog.pg_type AS t JOIN space AS s ON s.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
    WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
      AND NOT EXISTS (SELECT FROM foreign_born AS f WHERE f.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND f.objid = t.oid)
), thing AS (
    -- what has an owner, rights and a comment
    SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass AS class, s.oid, 'schema ' || s.name AS object,
           s.nspowner AS owner, coalesce_acl.acl
    FROM space AS s CROSS JOIN LATERAL (SELECT coalesce(s.nspacl, pg_catalog.acldefault('n', s.nspowner)) AS acl) AS coalesce_acl
    UNION ALL
    SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, r.oid, r.object, r.relowner,
           coalesce(r.relacl, pg_catalog.acldefault(CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", r.relowner))
    FROM relation AS r WHERE NOT EXISTS (SELECT FROM owned AS o WHERE o.sequence = r.oid)
    UNION ALL
    SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, p.object, p.proowner,
           coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner)) FROM function AS p
    UNION ALL
    SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, t.object, t.typowner,
           coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner)) FROM type AS t
), attribute AS (
    SELECT r.object, r.relkind, a.*, pg_catalog.quote_ident(a.attname) AS called
    FROM relation AS r JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid
    WHERE r.relkind <> 'S' AND a.attnum > 0 AND NOT a.attisdropped
), found (object, part, place, definition) AS (
    SELECT 'schema ' || s.name, '', 0, 'schema' FROM space AS s
    UNION ALL
    SELECT 'extension ' || pg_catalog.quote_ident(e.extname), '', 0,
           'version ' || e.extversion || ' in schema ' || pg_catalog.quote_ident(n.nspname)
    FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
    UNION ALL
    SELECT t.object, '', 0, CASE t.typtype
        WHEN 'e' THEN 'enum (' || coalesce((SELECT pg_catalog.string_agg(pg_catalog.quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                                            FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid), '') || ')'
        WHEN 'r' THEN 'range over ' || (SELECT pg_catalog.format_type(g.rngsubtype, NULL) FROM pg_catalog.pg_range AS g WHERE g.rngtypid = t.oid)
        WHEN 'c' THEN 'composite (' || coalesce((SELECT pg_catalog.string_agg(pg_catalog.quote_ident(a.attname) || ' '
                                                            || pg_catalog.format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
                                                 FROM pg_catalog.pg_attribute AS a
                                                 WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '') || ')'
        ELSE pg_catalog.concat_ws(' ', 'domain over', pg_catalog.format_type(t.typbasetype, t.typtypmod),
                                  CASE WHEN t.typnotnull THEN 'NOT NULL' END, 'DEFAULT ' || t.typdefault) END
    FROM type AS t
    UNION ALL
    SELECT t.object, 'constraint ' || pg_catalog.quote_ident(k.conname), 0, pg_catalog.pg_get_constraintdef(k.oid)
    FROM type AS t JOIN pg_catalog.pg_constraint AS k ON k.contypid = t.oid
    UNION ALL
    SELECT r.object, '', 0, pg_catalog.concat_ws(', ',
        CASE r.relkind WHEN 'p' THEN 'partitioned by ' || pg_catalog.pg_get_partkeydef(r.oid) WHEN 'f' THEN 'foreign table' ELSE 'table' END,
        (SELECT 'of server ' || pg_catalog.quote_ident(v.srvname) || coalesce(' (' || pg_catalog.array_to_string(x.ftoptions, ', ') || ')', '')
         FROM pg_catalog.pg_foreign_table AS x JOIN pg_catalog.pg_foreign_server AS v ON v.oid = x.ftserver WHERE x.ftrelid = r.oid),
        CASE r.relpersistence WHEN 'u' THEN 'unlogged' END,
        (SELECT CASE WHEN r.relispartition THEN 'partition of ' ELSE 'inherits ' END
                || pg_catalog.string_agg(i.inhparent::pg_catalog.regclass::text, ', ' ORDER BY i.inhseqno)
         FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = r.oid),
        pg_catalog.pg_get_expr(r.relpartbound, r.oid),
        (SELECT 'access method ' || m.amname FROM pg_catalog.pg_am AS m WHERE m.oid = r.relam AND m.amname <> 'heap'),
        (SELECT 'tablespace ' || p.spcname FROM pg_catalog.pg_tablespace AS p WHERE p.oid = r.reltablespace),
        'with (' || pg_catalog.array_to_string(r.reloptions, ', ') || ')',
        CASE WHEN r.relrowsecurity THEN 'row security' END, CASE WHEN r.relforcerowsecurity THEN 'forced row security' END,
        CASE r.relreplident WHEN 'n' THEN 'replica identity nothing' WHEN 'f' THEN 'replica identity full'
                            WHEN 'i' THEN 'replica identity index' END)
    FROM relation AS r WHERE r.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT r.object, '', 0, pg_catalog.concat_ws(', ', CASE r.relkind WHEN 'm' THEN 'materialized' END,
                                                 'with (' || pg_catalog.array_to_string(r.reloptions, ', ') || ')',
                                                 pg_catalog.pg_get_viewdef(r.oid))
    FROM relation AS r WHERE r.relkind IN ('v', 'm')
    UNION ALL
    SELECT coalesce(o.object, r.object), CASE WHEN o.object IS NULL THEN '' ELSE 'sequence ' || r.called END, 100000, pg_catalog.concat_ws(', ',
        pg_catalog.format_type(q.seqtypid, NULL), 'start ' || q.seqstart, 'increment ' || q.seqincrement, 'from ' || q.seqmin || ' to ' || q.seqmax,
        'cache ' || q.seqcache, CASE WHEN q.seqcycle THEN 'cycle' END, 'of column ' || pg_catalog.quote_ident(o.attname))
    FROM relation AS r JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = r.oid LEFT JOIN owned AS o ON o.sequence = r.oid
    UNION ALL
    SELECT a.object, 'column ' || a.called, a.attnum, pg_catalog.concat_ws(' ',
        pg_catalog.format_type(a.atttypid, a.atttypmod),
        (SELECT 'COLLATE ' || a.attcollation::pg_catalog.regcollation::text
         FROM pg_catalog.pg_type AS t WHERE t.oid = a.atttypid AND t.typcollation <> a.attcollation AND a.attcollation <> 0),
        CASE WHEN a.attnotnull THEN 'NOT NULL' END,
        CASE a.attidentity WHEN 'a' THEN 'GENERATED ALWAYS AS IDENTITY' WHEN 'd' THEN 'GENERATED BY DEFAULT AS IDENTITY' END,
        (SELECT CASE a.attgenerated WHEN '' THEN 'DEFAULT ' ELSE 'GENERATED ' END || pg_catalog.pg_get_expr(d.adbin, d.adrelid)
         FROM pg_catalog.pg_attrdef AS d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum),
        (SELECT 'STORAGE ' || a.attstorage::text FROM pg_catalog.pg_type AS t WHERE t.oid = a.atttypid AND t.typstorage <> a.attstorage),
        CASE WHEN a.attstattarget > 0 THEN 'STATISTICS ' || a.attstattarget END)
    FROM attribute AS a WHERE a.relkind IN ('r', 'p', 'f')
    UNION ALL
    SELECT a.object, 'columns', 99999, pg_catalog.string_agg(a.called, ', ' ORDER BY a.attnum)
    FROM attribute AS a WHERE a.relkind IN ('r', 'p', 'f') GROUP BY a.object
    UNION ALL
    SELECT r.object, 'constraint ' || pg_catalog.quote_ident(k.conname), 100000, pg_catalog.pg_get_constraintdef(k.oid)
    FROM relation AS r JOIN pg_catalog.pg_constraint AS k ON k.conrelid = r.oid WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
    UNION ALL
    SELECT r.object, 'index ' || i.indexrelid::pg_catalog.regclass::text, 100000, pg_catalog.concat_ws(', ',
        pg_catalog.pg_get_indexdef(i.indexrelid), CASE WHEN NOT i.indisvalid THEN 'not valid' END,
        CASE WHEN i.indisclustered THEN 'clustered' END, CASE WHEN i.indisreplident THEN 'replica identity' END,
        (SELECT 'part of ' || h.inhparent::pg_catalog.regclass::text FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid))
    FROM relation AS r JOIN pg_catalog.pg_index AS i ON i.indrelid = r.oid
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT r.object, 'statistics ' || pg_catalog.quote_ident(x.stxname), 100000, pg_catalog.pg_get_statisticsobjdef(x.oid)
    FROM relation AS r JOIN pg_catalog.pg_statistic_ext AS x ON x.stxrelid = r.oid
    UNION ALL
    SELECT r.object, 'trigger ' || pg_catalog.quote_ident(g.tgname), 100000, pg_catalog.pg_get_triggerdef(g.oid)
           || CASE g.tgenabled WHEN 'D' THEN ', disabled' WHEN 'R' THEN ', on replicas' WHEN 'A' THEN ', always' ELSE '' END
    FROM relation AS r JOIN pg_catalog.pg_trigger AS g ON g.tgrelid = r.oid WHERE NOT g.tgisinternal
    UNION ALL
    SELECT r.object, 'rule ' || pg_catalog.quote_ident(w.rulename), 100000, pg_catalog.pg_get_ruledef(w.oid)
           || CASE w.ev_enabled WHEN 'D' THEN ', disabled' WHEN 'R' THEN ', on replicas' WHEN 'A' THEN ', always' ELSE '' END
    FROM relation AS r JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = r.oid WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT r.object, 'policy ' || pg_catalog.quote_ident(p.polname), 100000, pg_catalog.concat_ws(' ',
        CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        'to ' || (SELECT pg_catalog.string_agg(CASE o.role WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.role)) END, ', '
                                               ORDER BY pg_catalog.pg_get_userbyid(o.role)) FROM pg_catalog.unnest(p.polroles) AS o (role)),
        'USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
        'WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')')
    FROM relation AS r JOIN pg_catalog.pg_policy AS p ON p.polrelid = r.oid
    UNION ALL
    SELECT p.object, '', 0, CASE WHEN p.prokind <> 'a' THEN pg_catalog.pg_get_functiondef(p.oid)
        ELSE (SELECT pg_catalog.concat_ws(', ', 'step ' || g.aggtransfn::text, 'state ' || pg_catalog.format_type(g.aggtranstype, NULL),
                                          'final ' || nullif(g.aggfinalfn::text, '-'), 'start ' || g.agginitval)
              FROM pg_catalog.pg_aggregate AS g WHERE g.aggfnoid = p.oid) END
    FROM function AS p
    UNION ALL
    SELECT 'event trigger ' || pg_catalog.quote_ident(v.evtname), '', 0, pg_catalog.concat_ws(' ', 'on', v.evtevent,
        '(' || pg_catalog.array_to_string(v.evttags, ', ') || ')', 'runs', v.evtfoid::pg_catalog.regprocedure::text,
        CASE v.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END)
    FROM pg_catalog.pg_event_trigger AS v
    UNION ALL
    SELECT t.object, 'owner', 100001, pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(t.owner)) FROM thing AS t
    UNION ALL
    SELECT t.object, 'grant to ' || g.who, 100001, pg_catalog.string_agg(g.what, ', ' ORDER BY g.what)
    FROM thing AS t CROSS JOIN LATERAL (
        SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END AS who,
               x.privilege_type || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS what
        FROM pg_catalog.aclexplode(t.acl) AS x) AS g
    GROUP BY t.object, g.who
    UNION ALL
    SELECT a.object, 'grant on ' || a.called || ' to ' || g.who, 100001, pg_catalog.string_agg(g.what, ', ' ORDER BY g.what)
    FROM attribute AS a CROSS JOIN LATERAL (
        SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END AS who,
               x.privilege_type || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS what
        FROM pg_catalog.aclexplode(a.attacl) AS x) AS g
    GROUP BY a.object, a.called, g.who
    UNION ALL
    SELECT o.object, 'grant on ' || r.called || ' to ' || g.who, 100001, pg_catalog.string_agg(g.what, ', ' ORDER BY g.what)
    FROM owned AS o JOIN relation AS r ON r.oid = o.sequence CROSS JOIN LATERAL (
        SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END AS who,
               x.privilege_type || CASE WHEN x.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS what
        FROM pg_catalog.aclexplode(coalesce(r.relacl, pg_catalog.acldefault('s', r.relowner))) AS x) AS g
    GROUP BY o.object, r.called, g.who
    UNION ALL
    SELECT CASE d.defaclnamespace WHEN 0 THEN 'database' ELSE 'schema ' || s.name END,
           'default grant on ' || CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                                       WHEN 'T' THEN 'types' ELSE 'schemas' END
           || ' of ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(d.defaclrole)), 100001, pg_catalog.array_to_string(d.defaclacl, ', ')
    FROM pg_catalog.pg_default_acl AS d LEFT JOIN space AS s ON s.oid = d.defaclnamespace
    WHERE d.defaclnamespace = 0 OR s.oid IS NOT NULL
    UNION ALL
    SELECT t.object, CASE WHEN d.objsubid = 0 THEN 'comment' ELSE 'comment on ' || pg_catalog.quote_ident(a.attname) END, 100002, d.description
    FROM thing AS t JOIN pg_catalog.pg_description AS d ON d.classoid = t.class AND d.objoid = t.oid
    LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.oid AND a.attnum = d.objsubid AND d.objsubid > 0
)
SELECT f.object, f.part,
       CASE WHEN pg_catalog.octet_length(f.definition) > $1::integer
            THEN pg_catalog.left(f.definition, $1::integer / 4) || '… md5 ' || pg_catalog.md5(f.definition) ELSE f.definition END AS definition
FROM found AS f WHERE f.definition IS NOT NULL
ORDER BY f.object COLLATE "C", f.part = '' DESC, f.place, f.part COLLATE "C"
