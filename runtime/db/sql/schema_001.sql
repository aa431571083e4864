-- Version 1 of the schema headgate. Run once, in one transaction, by `headgate ledger install` or the first
-- run; never IF NOT EXISTS. Two groups of tables, never in one statement or transaction (DESIGN §9):
-- TARGET tables are written by effects, STATE tables by runner and supervisor only.

CREATE SCHEMA headgate;
REVOKE ALL ON SCHEMA headgate FROM PUBLIC;

CREATE TABLE headgate.version (
    version      integer     NOT NULL PRIMARY KEY,
    installed_at timestamptz NOT NULL DEFAULT now(),
    installed_by text        NOT NULL DEFAULT current_user
);

-- ---------------------------------------------------------------- TARGET

-- Who may write: every effect takes its row FOR SHARE and finds its own epoch, or is fenced.
CREATE TABLE headgate.fence (
    run   bigint NOT NULL PRIMARY KEY,
    epoch bigint NOT NULL
);

-- What is true about each node of a run. version counts the transitions; the event of a transition carries it.
CREATE TABLE headgate.step (
    run         bigint  NOT NULL,
    path        text    NOT NULL,
    kind        text    NOT NULL,
    state       text    NOT NULL CHECK (state IN ('pending', 'intent', 'running', 'done', 'failed',
                                                  'undoing', 'undone', 'undo_failed', 'skipped')),
    version     bigint  NOT NULL DEFAULT 1,
    epoch       bigint  NOT NULL,
    start_order integer NOT NULL,
    attempt     integer NOT NULL DEFAULT 1,
    started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    detail      jsonb   NOT NULL DEFAULT '{}',
    error       jsonb,
    PRIMARY KEY (run, path)
);
-- Each step that begins asks for the number of the last.
CREATE INDEX step_order ON headgate.step (run, start_order);

-- One key range of a backfill. last is the key of the last row whose batch committed; moved by
-- compare-and-set only. The last range is open-ended (upper IS NULL).
CREATE TABLE headgate.cursor (
    run          bigint  NOT NULL,
    step         text    NOT NULL,
    range        integer NOT NULL,
    pass         integer NOT NULL DEFAULT 1,
    lower        text[],
    upper        text[],
    last         text[],
    done         boolean NOT NULL DEFAULT false,
    owner        text,
    rows_changed bigint  NOT NULL DEFAULT 0,
    rows_skipped bigint  NOT NULL DEFAULT 0,
    rows_queued  bigint  NOT NULL DEFAULT 0,
    rows_moved   bigint  NOT NULL DEFAULT 0,
    batches      bigint  NOT NULL DEFAULT 0,
    batch_rows   integer NOT NULL DEFAULT 0,
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run, step, range)
);

-- How fast the workers of a backfill or import may go: the runner's word, which it renews, and what people asked for (most, batch_us,
-- pause_us, workers).
CREATE TABLE headgate.pace (
    run      bigint  NOT NULL,
    step     text    NOT NULL,
    duty     double precision NOT NULL CHECK (duty BETWEEN 0 AND 1),
    each     double precision NOT NULL CHECK (each BETWEEN 0 AND 1),
    most     double precision NOT NULL DEFAULT 1 CHECK (most > 0 AND most <= 1),
    batch_us bigint  NOT NULL DEFAULT 0,
    pause_us bigint  NOT NULL DEFAULT -1,
    workers  integer NOT NULL DEFAULT 0,
    told_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run, step)
);

-- How far a check's comparison of large tables has come: its ranges end at the keys cuts, and the first done of them held what found
-- says. place: which of the check's tables. form: what is compared and how; a comparison of another form begins anew.
CREATE TABLE headgate.digest (
    run      bigint  NOT NULL,
    step     text    NOT NULL,
    place    integer NOT NULL,
    form     text    NOT NULL,
    cuts     jsonb   NOT NULL,
    done     integer NOT NULL,
    found    jsonb   NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run, step, place)
);

-- Rows a map could not settle: the review queue, and the rows it chose to skip.
CREATE TABLE headgate.queued_row (
    run      bigint NOT NULL,
    step     text   NOT NULL,
    key      text[] NOT NULL,
    kind     text   NOT NULL CHECK (kind IN ('ambiguous', 'error', 'orphan', 'skip')),
    reason   text   NOT NULL,
    choices  jsonb,
    before   jsonb,
    state    text   NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'applied', 'skipped')),
    queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    settled_at timestamptz,
    PRIMARY KEY (run, step, key)
);

-- Old values of columns that a backfill changed and no later undo drops.
CREATE TABLE headgate.old_value (
    run     bigint NOT NULL,
    step    text   NOT NULL,
    key     text[] NOT NULL,
    old     jsonb  NOT NULL,
    written text   NOT NULL,
    PRIMARY KEY (run, step, key)
);

-- Which transactions of ours wrote what: a row whose xmin is not here was written by somebody else. A rollback copies those to
-- headgate.kept_<run> before it removes their column or table. relation NULL: the transaction of a step itself.
CREATE TABLE headgate.wrote (
    run      bigint NOT NULL,
    step     text   NOT NULL,
    xid      xid8   NOT NULL,
    relation oid,
    columns  text[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (run, xid)
);

-- ---------------------------------------------------------------- STATE

CREATE TABLE headgate.plan (
    hash          text    NOT NULL PRIMARY KEY,
    name          text    NOT NULL,
    bytes         bytea   NOT NULL,
    graph         jsonb   NOT NULL,
    graph_text    text    NOT NULL,
    graph_hash    text    NOT NULL,
    language      integer NOT NULL,
    registered_by text    NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE headgate.plan ALTER COLUMN bytes SET STORAGE EXTERNAL;

-- The head of a run. last_seq is the newest event and head its hash; its row lock orders the events of a run.
CREATE TABLE headgate.run (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan              text   NOT NULL REFERENCES headgate.plan (hash),
    plan_name         text   NOT NULL,
    environment       text   NOT NULL,
    params            jsonb  NOT NULL DEFAULT '{}',
    config            jsonb  NOT NULL DEFAULT '{}',
    system_identifier text   NOT NULL,
    database          text   NOT NULL,
    state             text   NOT NULL CHECK (state IN ('pending', 'running', 'waiting', 'watching', 'held',
                          'throttled', 'paused', 'rolling_back', 'rolled_back', 'rollback_blocked', 'done',
                          'failed', 'aborted')),
    reason            jsonb  NOT NULL DEFAULT '{}',
    node              text,
    direction         text   NOT NULL DEFAULT 'forward' CHECK (direction IN ('forward', 'back')),
    rollback_why      text,
    version           bigint NOT NULL DEFAULT 1,
    last_seq          bigint NOT NULL DEFAULT 0,
    head              bytea  NOT NULL DEFAULT '',
    started_by        text   NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    state_since       timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at       timestamptz
);
CREATE UNIQUE INDEX run_one_unfinished ON headgate.run (system_identifier, database, plan_name)
    WHERE state NOT IN ('done', 'rolled_back', 'aborted');
CREATE INDEX run_by_time ON headgate.run (created_at DESC);

CREATE TABLE headgate.lease (
    run        bigint NOT NULL PRIMARY KEY REFERENCES headgate.run (id),
    epoch      bigint NOT NULL,
    owner      text,
    until      timestamptz NOT NULL,
    stop       text
);

-- What people and the supervisor ask of a runner: pause, resume, rollback, abort, retry, review, manual.
CREATE TABLE headgate.request (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run        bigint NOT NULL REFERENCES headgate.run (id),
    kind       text   NOT NULL,
    body       jsonb  NOT NULL DEFAULT '{}',
    asked_by   text   NOT NULL,
    asked_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    key        text UNIQUE,
    via        jsonb,
    handled_at timestamptz,
    outcome    text
);
CREATE INDEX request_open ON headgate.request (run, id) WHERE handled_at IS NULL;

-- hash chains the events of a run: SHA-256 over a zero byte, the hash of the event before (of the first: the run's genesis)
-- and what the event says (decision 041).
CREATE TABLE headgate.event (
    run     bigint NOT NULL REFERENCES headgate.run (id),
    seq     bigint NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    epoch   bigint NOT NULL,
    source  text   NOT NULL,
    version bigint NOT NULL,
    type    text   NOT NULL,
    node    text   NOT NULL DEFAULT '',
    data    jsonb  NOT NULL DEFAULT '{}',
    hash    bytea  NOT NULL,
    PRIMARY KEY (run, seq),
    UNIQUE (run, source, version)
);
-- What people did, of all runs: the audit page.
CREATE INDEX event_by_people ON headgate.event (at DESC, run DESC, seq DESC)
    WHERE data ? 'by' OR data ? 'person' OR data ? 'started_by';
-- The pace of row work stands in the newest of few among many: a run's page.
CREATE INDEX event_throttle ON headgate.event (run, node, seq DESC) WHERE type = 'step.throttle';

CREATE TABLE headgate.gate (
    run        bigint NOT NULL REFERENCES headgate.run (id),
    path       text   NOT NULL,
    state      text   NOT NULL CHECK (state IN ('open', 'approved', 'rejected', 'expired', 'withdrawn', 'passed')),
    digest     text   NOT NULL,
    question   text   NOT NULL,
    approvers  jsonb  NOT NULL,
    need       integer NOT NULL,
    evidence   jsonb  NOT NULL,
    next       jsonb  NOT NULL,
    opened_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz,
    closed_at  timestamptz,
    fields     jsonb  NOT NULL DEFAULT '[]',
    wait_us    bigint NOT NULL DEFAULT 0,
    hours      jsonb,
    approved_at timestamptz,
    checked_at timestamptz,
    glass      boolean NOT NULL DEFAULT false,
    asked_at   timestamptz,
    said       bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (run, path)
);

-- Written only by the supervisor; the runner believes a row only when its signature verifies. What a person says is never
-- changed: their nth word about a digest stands until they say another.
CREATE TABLE headgate.approval (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run       bigint NOT NULL,
    gate      text   NOT NULL,
    digest    text   NOT NULL,
    person    text   NOT NULL,
    roles     jsonb  NOT NULL,
    decision  text   NOT NULL CHECK (decision IN ('approve', 'reject', 'revoke', 'break_glass')),
    comment   text   NOT NULL DEFAULT '',
    at        text   NOT NULL,
    signature text   NOT NULL,
    fields    jsonb  NOT NULL DEFAULT '{}',
    nth       integer NOT NULL DEFAULT 1,
    FOREIGN KEY (run, gate) REFERENCES headgate.gate (run, path),
    UNIQUE (run, gate, digest, person, nth)
);

-- What people decided about queued rows, and their answers to manual steps and check-lists.
CREATE TABLE headgate.decision (
    run        bigint NOT NULL REFERENCES headgate.run (id),
    step       text   NOT NULL,
    key        text[] NOT NULL,
    decision   jsonb  NOT NULL,
    decided_by text   NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run, step, key)
);
-- Every decision as it was made, and never changed: decision holds the newest that stands. seq is the event that tells of it;
-- decision NULL: it did not fit the row any more, and was asked for again.
CREATE TABLE headgate.decided (
    run        bigint NOT NULL REFERENCES headgate.run (id),
    seq        bigint NOT NULL,
    place      bigint NOT NULL,
    step       text   NOT NULL,
    key        text[] NOT NULL,
    decision   jsonb,
    decided_by text   NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (run, seq, place)
);
CREATE TABLE headgate.answer (
    run     bigint NOT NULL REFERENCES headgate.run (id),
    path    text   NOT NULL,
    item    integer NOT NULL,
    note    text   NOT NULL DEFAULT '',
    by      text   NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run, path, item)
);

-- A durable watch window: only time in which every guard had a fresh sample is counted. advanced: it was ended before it was over,
-- and says who asked, why, and who approved.
CREATE TABLE headgate.watch (
    run        bigint NOT NULL REFERENCES headgate.run (id),
    stage      text   NOT NULL,
    window_us  bigint NOT NULL,
    counted_us bigint NOT NULL DEFAULT 0,
    opened_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    counted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at  timestamptz,
    advanced   jsonb,
    PRIMARY KEY (run, stage)
);
CREATE TABLE headgate.sample (
    run     bigint NOT NULL,
    stage   text   NOT NULL,
    guard   text   NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    value   double precision,
    verdict text   NOT NULL CHECK (verdict IN ('ok', 'breach', 'no_data'))
);
CREATE INDEX sample_by_guard ON headgate.sample (run, stage, guard, at DESC);

-- How far each webhook of headgate.yaml was told of each run; run 0 stands for the webhook itself, and for its hourly heads.
CREATE TABLE headgate.notice (
    environment text        NOT NULL,
    name        text        NOT NULL,
    run         bigint      NOT NULL,
    seq         bigint      NOT NULL DEFAULT 0, -- told, or passed over
    tries       integer     NOT NULL DEFAULT 0,
    next_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    problem     text,
    PRIMARY KEY (environment, name, run)
);
CREATE TABLE headgate.person (
    name        text NOT NULL PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9._-]{0,62}$'),
    role        text NOT NULL CHECK (role IN ('viewer', 'operator', 'administrator')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    password    text, -- argon2id, as libsodium writes it; NULL: logs in otherwise
    password_at timestamptz
);
-- Tokens are kept as SHA-256 of 32 random bytes. once: a log-in link, gone after its first use.
CREATE TABLE headgate.token (
    hash       text NOT NULL PRIMARY KEY,
    person     text NOT NULL REFERENCES headgate.person (name),
    kind       text NOT NULL CHECK (kind IN ('api', 'once', 'session')),
    label      text NOT NULL DEFAULT '',
    csrf       text,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

-- ---------------------------------------------------------------- functions

-- What the chain of a run begins with: a hash of what the run was started with, and of the plan and its author. Where it runs is
-- not in it: the runner asks the server itself.
CREATE FUNCTION headgate.genesis(a_run bigint)
RETURNS bytea LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256('\x01'::bytea || convert_to(jsonb_build_array(
        r.id, r.plan, r.plan_name, r.environment, r.params, r.config, r.started_by,
        to_char(r.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
        p.name, encode(sha256(p.bytes), 'hex'), p.graph, encode(sha256(convert_to(p.graph_text, 'UTF8')), 'hex'), p.graph_hash,
        p.language, p.registered_by)::text, 'UTF8'))
    FROM headgate.run AS r JOIN headgate.plan AS p ON p.hash = r.plan WHERE r.id = a_run
$$;

-- Appends events to a run, in order, each unless its (source, version) is there already. Returns the seq of the last that was
-- appended, or NULL. The run's row is locked before the lease is read, so a runner that was replaced appends nothing behind its
-- successor's first event; epoch 0 is the supervisor. Version 0 is a fresh one: the event's own number.
CREATE FUNCTION headgate.events_append(a_run bigint, a_epoch bigint, a_sources text[], a_versions bigint[],
                                       a_types text[], a_nodes text[], a_data jsonb[])
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last bigint;
    appended bigint;
    moment timestamptz;
    link bytea;
    next_link bytea;
    a_version bigint;
BEGIN
    SELECT r.last_seq, CASE r.last_seq WHEN 0 THEN headgate.genesis(a_run) ELSE r.head END INTO last, link
    FROM headgate.run AS r WHERE r.id = a_run FOR NO KEY UPDATE;
    IF last IS NULL THEN
        RAISE EXCEPTION 'there is no run %', a_run;
    END IF;
    IF a_epoch > 0 AND EXISTS (SELECT 1 FROM headgate.lease AS l WHERE l.run = a_run AND l.epoch > a_epoch) THEN
        RAISE EXCEPTION 'another runner has taken over run %', a_run USING ERRCODE = 'HG001';
    END IF;
    FOR i IN 1 .. cardinality(a_sources) LOOP
        moment := clock_timestamp();
        a_version := CASE a_versions[i] WHEN 0 THEN last + 1 ELSE a_versions[i] END;
        next_link := sha256('\x00'::bytea || link || convert_to(
            jsonb_build_array(a_run, last + 1, to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), a_epoch, a_sources[i],
                              a_version, a_types[i], a_nodes[i], a_data[i])::text, 'UTF8'));
        INSERT INTO headgate.event (run, seq, at, epoch, source, version, type, node, data, hash)
        VALUES (a_run, last + 1, moment, a_epoch, a_sources[i], a_version, a_types[i], a_nodes[i], a_data[i], next_link)
        ON CONFLICT (run, source, version) DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        last := last + 1;
        link := next_link;
        appended := last;
    END LOOP;
    IF appended IS NOT NULL THEN
        UPDATE headgate.run SET last_seq = last, head = link WHERE id = a_run;
    END IF;
    RETURN appended;
END
$$;

-- One of them.
CREATE FUNCTION headgate.event_append(a_run bigint, a_epoch bigint, a_source text, a_version bigint,
                                      a_type text, a_node text, a_data jsonb)
RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN headgate.events_append(a_run, a_epoch, ARRAY[a_source], ARRAY[a_version], ARRAY[a_type], ARRAY[a_node],
                                  ARRAY[a_data]);
END
$$;

-- The bucket of an id under a flag, 0..9999: in at p percent when bucket < p * 100 (docs/bucketing.md).
CREATE FUNCTION headgate.bucket(flag text, id text) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (('x' || encode(substr(sha256(convert_to(flag || ':' || id, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint
            % 10000)::integer
$$;

-- A time as every answer of ours spells it: RFC 3339, UTC, microseconds. Without a search_path of its own, all names being whole, and
-- strict because what it calls is: so PostgreSQL writes it into the query that calls it.
CREATE FUNCTION headgate.rfc3339(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT pg_catalog.to_char(pg_catalog.timezone('UTC', moment), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- When a gate whose approvals were complete at since lets the run go on: wait_us later, and then within its hours ({days, from, to,
-- zone}; NULL = always), whose clock is that of their zone. Never before now.
CREATE FUNCTION headgate.passes_at(since timestamptz, wait_us bigint, hours jsonb) RETURNS timestamptz
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN hours IS NULL THEN e.moment ELSE (
        SELECT min(greatest(e.moment, w.opens)) FROM (
            SELECT (d.day + (hours ->> 'from')::time) AT TIME ZONE (hours ->> 'zone') AS opens,
                   (d.day + (hours ->> 'to')::time
                    + CASE WHEN (hours ->> 'to')::time <= (hours ->> 'from')::time THEN interval '1 day' ELSE interval '0' END)
                   AT TIME ZONE (hours ->> 'zone') AS closes
            FROM (SELECT (e.moment AT TIME ZONE (hours ->> 'zone'))::date + n AS day FROM generate_series(-1, 8) AS n) AS d
            WHERE hours -> 'days' ? (ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])[extract(isodow FROM d.day)::integer]) AS w
        WHERE w.closes > e.moment) END
    FROM (SELECT greatest(since + wait_us * interval '1 microsecond', clock_timestamp()) AS moment) AS e
$$;

-- The step that a run is at while its state says no more than running or rolling_back: the one that told something last. NULL = the
-- run itself did, and says where in headgate.run.
CREATE FUNCTION headgate.at_work(a_run bigint) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    -- by number: ORDER BY … LIMIT reads all events of a run where the planner has no statistics yet
    SELECT nullif(e.node, '') FROM headgate.run AS r JOIN headgate.event AS e ON e.run = r.id AND e.seq > r.last_seq - 200
    WHERE r.id = a_run AND e.type IN ('step.state', 'step.progress', 'step.lock', 'step.throttle', 'run.state')
    ORDER BY e.seq DESC LIMIT 1
$$;

-- What the step at work of a run waits for besides the run's own state: for whom, since when, what happens at expiry. NULL = nothing.
-- Read from what its runner told last, so it ends with the wait and with the runner.
CREATE FUNCTION headgate.waits(a_run bigint) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN e.type = 'step.lock' AND e.data ->> 'state' = 'waiting' THEN jsonb_build_object(
        'kind', 'locks', 'path', e.node, 'text', e.data ->> 'text',
        'who', coalesce((SELECT jsonb_agg('pid ' || (b.value ->> 'pid') || coalesce(' (' || nullif(b.value ->> 'application', '') || ')', ''))
                         FROM jsonb_array_elements(CASE WHEN jsonb_typeof(e.data -> 'blockers') = 'array' THEN e.data -> 'blockers' END) AS b (value)),
                        '[]'),
        'since', headgate.rfc3339(e.at - (e.data ->> 'spent_us')::bigint * interval '1 microsecond'),
        'expires', headgate.rfc3339(e.at + ((e.data ->> 'budget_us')::bigint - (e.data ->> 'spent_us')::bigint) * interval '1 microsecond'),
        'on_expire', 'fail') END
    FROM headgate.run AS r
    JOIN headgate.event AS e ON e.run = r.id AND e.seq > r.last_seq - 50 -- by number, as above
    JOIN headgate.lease AS l ON l.run = e.run AND l.epoch = e.epoch AND l.until > clock_timestamp()
    WHERE r.id = a_run AND e.type IN ('step.lock', 'step.state', 'run.state')
    ORDER BY e.seq DESC LIMIT 1
$$;

-- Events with how much they matter (error, warn, info, debug) and, where they are something to read in a log, their words. The
-- dashboard's history and log filter and search by these two columns, so the words of a search are the words that are shown.
CREATE VIEW headgate.event_line AS
SELECT e.run, e.seq, e.at, e.type, e.node, e.data,
       CASE e.type
       WHEN 'log' THEN CASE WHEN e.data ->> 'level' IN ('error', 'warn') THEN e.data ->> 'level' ELSE 'info' END
       WHEN 'step.progress' THEN 'debug'
       WHEN 'rollout.sample' THEN CASE WHEN e.data @> '{"guards": [{"verdict": "breach"}]}' THEN 'error'
                                       WHEN e.data @> '{"guards": [{"verdict": "no_data"}]}' THEN 'warn' ELSE 'debug' END
       WHEN 'step.state' THEN CASE WHEN e.data ->> 'to' IN ('failed', 'undo_failed') THEN 'error' ELSE 'info' END
       WHEN 'run.state' THEN CASE WHEN e.data ->> 'to' IN ('failed', 'rollback_blocked', 'aborted') THEN 'error'
                                  WHEN e.data ->> 'to' IN ('held', 'throttled', 'rolling_back', 'rolled_back') THEN 'warn' ELSE 'info' END
       WHEN 'check.result' THEN CASE WHEN e.data ->> 'verdict' IN ('fail', 'error') THEN 'error'
                                     WHEN e.data ->> 'verdict' = 'pass' THEN 'info' ELSE 'warn' END
       WHEN 'gate.approval' THEN CASE WHEN e.data ->> 'decision' = 'approve' THEN 'info' ELSE 'warn' END
       WHEN 'gate.closed' THEN CASE WHEN e.data ->> 'state' IN ('rejected', 'expired') THEN 'warn' ELSE 'info' END
       WHEN 'rollout.advanced' THEN 'warn'
       WHEN 'rollout.stage' THEN CASE WHEN e.data ->> 'state' IN ('held', 'rolled_back') THEN 'warn' ELSE 'info' END
       WHEN 'step.lock' THEN CASE WHEN e.data ->> 'state' = 'waiting' THEN 'warn' ELSE 'info' END
       WHEN 'step.throttle' THEN CASE WHEN e.data ->> 'state' = 'paused' THEN 'warn' ELSE 'info' END
       WHEN 'review.again' THEN 'warn'
       WHEN 'budget.over' THEN 'warn'
       WHEN 'rewind' THEN 'error'
       ELSE 'info' END AS level,
       CASE
       WHEN e.type IN ('log', 'step.lock', 'budget.over') THEN e.data ->> 'text'
       WHEN e.type = 'step.state' THEN (e.data ->> 'kind') || ' ' || (e.data ->> 'to')
           || coalesce(': ' || coalesce(e.data #>> '{error,message}', e.data ->> 'error'), '')
       WHEN e.type = 'run.state' THEN 'run ' || (e.data ->> 'to')
           || coalesce(': ' || coalesce(nullif(e.data #>> '{reason,text}', ''), nullif(e.data ->> 'why', '')), '')
       WHEN e.type = 'check.result' THEN (e.data ->> 'verdict') || coalesce(': ' || nullif(e.data ->> 'text', ''), '')
       WHEN e.type = 'step.throttle' THEN (e.data ->> 'state') || coalesce(': ' || nullif(e.data ->> 'why', ''), '')
       WHEN e.type = 'rewind' THEN 'the ledger went back to entry ' || (e.data ->> 'to')
       END AS line
FROM headgate.event AS e;

REVOKE ALL ON ALL TABLES IN SCHEMA headgate FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA headgate FROM PUBLIC;
GRANT USAGE ON SCHEMA headgate TO PUBLIC;
GRANT EXECUTE ON FUNCTION headgate.bucket(text, text) TO PUBLIC;

INSERT INTO headgate.version (version) VALUES (1);
