-- How the server archives its WAL: archive_mode; is it a standby; the last file archived, when, how many us ago; the last
-- that failed, when, how often; has it failed since the last success; since when all this is counted; may we see the files' marks.
SELECT pg_catalog.current_setting('archive_mode'), pg_catalog.pg_is_in_recovery(),
       last_archived_wal, pg_catalog.to_char(last_archived_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       (extract(epoch FROM pg_catalog.clock_timestamp() - last_archived_time) * 1000000)::bigint,
       last_failed_wal, pg_catalog.to_char(last_failed_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), failed_count,
       last_failed_time IS NOT NULL AND (last_archived_time IS NULL OR last_failed_time > last_archived_time),
       pg_catalog.to_char(stats_reset AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       pg_catalog.has_function_privilege('pg_catalog.pg_ls_archive_statusdir()', 'EXECUTE')
FROM pg_catalog.pg_stat_archiver
