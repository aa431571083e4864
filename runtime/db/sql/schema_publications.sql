-- Publications that would send the tables of schema headgate to subscribers that do not have them.
SELECT pg_catalog.string_agg(pubname, ', ' ORDER BY pubname) FROM pg_catalog.pg_publication WHERE puballtables
