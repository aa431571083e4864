-- What the role of this connection may do: name, is it so, in words, what to do.
SELECT * FROM (VALUES
    ('create schema', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
        OR pg_catalog.to_regclass('headgate.version') IS NOT NULL,
     'the role may create the schema headgate, or it is there',
     'GRANT CREATE ON DATABASE to the role, or install it as another role: headgate ledger install'),
    ('end old backends', pg_catalog.pg_has_role('pg_signal_backend', 'MEMBER')
        OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
     'the role may end backends of other roles', 'GRANT pg_signal_backend (without it only own backends can be ended)'),
    ('name blockers', pg_catalog.pg_has_role('pg_monitor', 'MEMBER')
        OR (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
     'the role may see what other sessions do', 'GRANT pg_monitor (without it blockers have no names)'),
    ('server time', abs(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.now())) < 5,
     'the clock of the server runs', 'look at the clock of the server')
) AS row (name, ok, text, hint)
