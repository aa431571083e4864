-- I15: what people decided stands in the tables as the chain tells it: approvals, answers, decisions about rows, requests that were
-- handled, gates. Columns behind the text: the entry that tells otherwise (NULL = none does).
WITH r AS (
    SELECT run, rests FROM jsonb_to_recordset($1::jsonb) AS x(run bigint, pruned boolean, rests boolean) WHERE NOT x.pruned
), told AS (
    SELECT e.* FROM headgate.event AS e JOIN r USING (run)
    WHERE e.type IN ('gate.approval', 'manual.answer', 'review.decided', 'request', 'gate.opened', 'run.state', 'run.created')
), approval AS (
    SELECT coalesce(a.run, t.run) AS run, coalesce(a.gate, t.node) AS node, t.seq,
           CASE WHEN a.run IS NULL THEN 'the approval by ' || (t.data ->> 'person') || ' is gone'
                WHEN t.run IS NULL THEN 'the chain knows of no approval by ' || a.person
                WHEN (a.person, a.decision, a.comment, a.roles, a.digest, a.at, a.signature, a.fields, a.nth)
                     IS DISTINCT FROM (t.data ->> 'person', t.data ->> 'decision', t.data ->> 'comment', t.data -> 'roles', t.data ->> 'digest',
                                       t.data ->> 'at', t.data ->> 'signature', t.data -> 'fields', (t.data ->> 'nth')::integer)
                THEN 'the approval by ' || a.person || ' is not what was decided' END AS text
    FROM (SELECT p.* FROM headgate.approval AS p JOIN r USING (run)) AS a
    FULL JOIN (SELECT * FROM told WHERE type = 'gate.approval') AS t
           ON t.run = a.run AND t.node = a.gate AND t.version = a.id AND t.source = 'approval:' || a.gate
), answer AS (
    SELECT coalesce(a.run, t.run), coalesce(a.path, t.node), t.seq,
           CASE WHEN a.run IS NULL THEN 'an answer by ' || (t.data ->> 'by') || ' is gone'
                WHEN t.run IS NULL THEN 'the chain knows of no answer by ' || a.by
                WHEN (a.note, a.by, headgate.rfc3339(a.at)) IS DISTINCT FROM (t.data ->> 'note', t.data ->> 'by', t.data ->> 'at')
                THEN 'the answer by ' || a.by || ' is not what was said' END
    FROM (SELECT p.* FROM headgate.answer AS p JOIN r USING (run)) AS a
    FULL JOIN (SELECT * FROM told WHERE type = 'manual.answer') AS t
           ON t.run = a.run AND t.node = a.path AND (t.data ->> 'item')::integer = a.item
), decided AS (
    SELECT d.run, d.seq, min(d.step) AS step, min(d.decided_by) AS by, count(*) AS count, bool_and(d.decision IS NOT NULL) AS decides,
           count(DISTINCT (d.step, d.decided_by, d.decided_at)) = 1 AS one, headgate.rfc3339(min(d.decided_at)) AS at,
           encode(sha256(convert_to(string_agg(jsonb_build_array(d.step, d.key, d.decision)::text, E'\n' ORDER BY d.place), 'UTF8')), 'hex')
               AS digest
    FROM headgate.decided AS d JOIN r USING (run) GROUP BY d.run, d.seq
), again AS (
    SELECT e.run, e.seq, e.node, e.data -> 'key' AS key FROM headgate.event AS e JOIN r USING (run) WHERE e.type = 'review.again'
), review AS (
    SELECT coalesce(d.run, t.run), coalesce(d.step, t.node), coalesce(t.seq, d.seq),
           CASE WHEN d.run IS NULL THEN 'decisions by ' || (t.data ->> 'by') || ' are gone'
                WHEN t.run IS NULL THEN 'the chain knows of no decisions by ' || d.by
                WHEN NOT d.one OR (d.by, d.count, d.at, d.digest)
                     IS DISTINCT FROM (t.data ->> 'by', (t.data ->> 'count')::bigint, t.data ->> 'at', t.data ->> 'digest')
                THEN 'the decisions by ' || d.by || ' are not what was decided' END
    FROM (SELECT * FROM decided WHERE decides) AS d FULL JOIN (SELECT * FROM told WHERE type = 'review.decided') AS t
      ON t.run = d.run AND t.seq = d.seq AND t.node = d.step
    UNION ALL
    SELECT coalesce(d.run, a.run), coalesce(d.step, a.node), coalesce(a.seq, d.seq), 'the chain tells otherwise that a decision was asked for again'
    FROM (SELECT x.* FROM headgate.decided AS x JOIN r USING (run)
          WHERE (x.run, x.seq) IN (SELECT run, seq FROM decided WHERE NOT decides)) AS d
    FULL JOIN again AS a ON a.run = d.run AND a.seq = d.seq AND a.node = d.step AND a.key = to_jsonb(d.key) AND d.decision IS NULL
    WHERE a.run IS NULL OR d.run IS NULL
), newest AS (
    SELECT DISTINCT ON (d.run, d.step, d.key) d.* FROM headgate.decided AS d JOIN r USING (run)
    ORDER BY d.run, d.step, d.key, d.seq DESC, d.place DESC
), decision AS (
    SELECT coalesce(d.run, n.run), coalesce(d.step, n.step), n.seq,
           CASE WHEN d.run IS NULL THEN 'the decision about row ' || array_to_string(n.key, ', ') || ' is gone'
                WHEN n.run IS NULL OR n.decision IS NULL THEN 'nobody decided about row ' || array_to_string(d.key, ', ')
                ELSE 'the decision about row ' || array_to_string(d.key, ', ') || ' is not what was decided' END
    FROM (SELECT p.* FROM headgate.decision AS p JOIN r USING (run)) AS d
    FULL JOIN newest AS n ON n.run = d.run AND n.step = d.step AND n.key = d.key
    WHERE (d.decision, d.decided_by, d.decided_at) IS DISTINCT FROM (n.decision, n.decided_by, n.decided_at)
      AND NOT (d.run IS NULL AND n.decision IS NULL)
), request AS (
    SELECT coalesce(q.run, t.run), '', t.seq,
           CASE WHEN q.run IS NULL THEN 'the request by ' || coalesce(t.data ->> 'by', t.data ->> 'started_by') || ' is gone'
                WHEN t.run IS NULL THEN 'the chain knows of no ' || q.kind || ' asked by ' || q.asked_by
                ELSE 'the request by ' || q.asked_by || ' is not what was asked' END
    FROM (SELECT p.* FROM headgate.request AS p JOIN r USING (run) WHERE p.handled_at IS NOT NULL) AS q
    FULL JOIN (SELECT * FROM told WHERE type = 'request') AS t ON t.run = q.run AND t.version = q.id
    WHERE coalesce(q.kind, '') <> 'start' AND NOT (t.run IS NULL AND q.outcome = 'seen')
      AND (q.kind, q.asked_by, q.body, q.via) IS DISTINCT FROM (t.data ->> 'kind', t.data ->> 'by', t.data -> 'body', t.data -> 'via')
    UNION ALL
    SELECT t.run, t.node, t.seq, 'the request that goes with the decisions by ' || (t.data ->> 'by') || ' is not theirs'
    FROM told AS t LEFT JOIN headgate.request AS q ON q.run = t.run AND q.id = t.version
    WHERE t.type = 'review.decided' AND (q.kind, q.asked_by) IS DISTINCT FROM ('review', t.data ->> 'by')
    UNION ALL
    SELECT q.run, '', t.seq, 'the run was not started by ' || q.asked_by
    FROM headgate.request AS q JOIN r USING (run) JOIN told AS t ON t.run = q.run AND t.type = 'run.created'
    WHERE q.kind = 'start' AND q.asked_by IS DISTINCT FROM t.data ->> 'started_by'
), gate AS (
    SELECT g.run, g.path, CASE WHEN t.version = (extract(epoch FROM g.opened_at) * 1000000)::bigint THEN t.seq END, 'the gate is not what was opened'
    FROM headgate.gate AS g JOIN r USING (run)
    LEFT JOIN LATERAL (SELECT * FROM told AS t WHERE t.run = g.run AND t.type = 'gate.opened' AND t.node = g.path ORDER BY t.seq DESC LIMIT 1) AS t ON true
    WHERE (r.rests OR t.version = (extract(epoch FROM g.opened_at) * 1000000)::bigint)
      AND ((extract(epoch FROM g.opened_at) * 1000000)::bigint, g.digest, g.question, g.approvers, g.need, headgate.rfc3339(g.expires_at)) IS DISTINCT FROM (t.version, t.data ->> 'digest', t.data ->> 'question', t.data -> 'approvers', (t.data ->> 'need')::integer, t.data ->> 'expires_at')
), head AS (
    -- of another version: the entry that would tell is missing
    SELECT h.id, '', CASE WHEN t.version = h.version THEN t.seq END, 'the run is ' || h.state || ', and the chain says ' || (t.data ->> 'to')
    FROM headgate.run AS h JOIN r ON r.run = h.id
    JOIN LATERAL (SELECT * FROM told AS t WHERE t.run = h.id AND t.type = 'run.state' ORDER BY t.seq DESC LIMIT 1) AS t ON true
    WHERE (h.state, h.direction, h.reason, h.version) IS DISTINCT FROM (t.data ->> 'to', t.data ->> 'direction', t.data -> 'reason', t.version)
), wrong (run, node, seq, text) AS (
    SELECT * FROM approval UNION ALL SELECT * FROM answer UNION ALL SELECT * FROM review UNION ALL SELECT * FROM decision
    UNION ALL SELECT * FROM request UNION ALL SELECT * FROM gate UNION ALL SELECT * FROM head
)
SELECT w.run, w.node, w.text || coalesce(' (entry ' || w.seq || ')', ''), w.seq
FROM wrong AS w WHERE w.text IS NOT NULL ORDER BY w.run, w.seq NULLS LAST, w.node, w.text
