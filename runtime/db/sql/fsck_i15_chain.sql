-- I15: every event has the hash that the one before it, the genesis of the first, and what it says give; the run's head is the
-- last one's. Tells the first that does not.
WITH link AS (
    SELECT e.run, e.seq, e.type, e.node, e.hash,
           lag(e.seq) OVER before AS seq_before, lag(e.hash) OVER before AS hash_before,
           jsonb_build_array(e.run, e.seq, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), e.epoch,
                             e.source, e.version, e.type, e.node, e.data)::text AS said
    FROM headgate.event AS e JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) USING (run)
    WINDOW before AS (PARTITION BY e.run ORDER BY e.seq)
), broken AS (
    SELECT l.run, l.seq, l.node, 'entry ' || l.seq || ' (' || l.type || ') is not what was written' AS text
    FROM link AS l
    WHERE l.seq <> coalesce(l.seq_before, 0) + 1
       OR l.hash <> sha256('\x00'::bytea || coalesce(l.hash_before, headgate.genesis(l.run)) || convert_to(l.said, 'UTF8'))
    UNION ALL
    SELECT h.id, h.last_seq + 1, '', 'the head of the run is not the hash of its last entry'
    FROM headgate.run AS h JOIN jsonb_to_recordset($1::jsonb) AS r(run bigint) ON r.run = h.id
    JOIN LATERAL (SELECT e.hash FROM headgate.event AS e WHERE e.run = h.id ORDER BY e.seq DESC LIMIT 1) AS last ON true
    WHERE last.hash <> h.head
)
SELECT DISTINCT ON (b.run) b.run, b.node, b.text FROM broken AS b ORDER BY b.run, b.seq
