-- The statements for the scratch database $1, with encoding and locale of this one and $2 as its comment: create, close it to
-- others, comment, drop.
SELECT pg_catalog.format('CREATE DATABASE %I TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L', $1::text,
                         pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype)
       || CASE j.d ->> 'datlocprovider'
              WHEN 'c' THEN ' LOCALE_PROVIDER libc'
              WHEN 'i' THEN pg_catalog.format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(j.d ->> 'daticulocale', j.d ->> 'datlocale'))
              WHEN 'b' THEN pg_catalog.format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', j.d ->> 'datlocale')
              ELSE '' END,
       pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1::text),
       pg_catalog.format('COMMENT ON DATABASE %I IS %L', $1::text, $2::text),
       pg_catalog.format('DROP DATABASE IF EXISTS %I WITH (FORCE)', $1::text)
FROM pg_catalog.pg_database AS d CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(d) AS d) AS j
WHERE d.datname = pg_catalog.current_database()
