-- A small simulated application. Every app_tick() is a handful of requests: look at an event, receive one, change
-- one. It keeps its own log, which the guards of the rollout read, and it obeys the flag.
--
-- It belongs to the application, not to the plan: a rollback leaves it as it is.

CREATE TABLE request_log (
    at      timestamptz      NOT NULL DEFAULT clock_timestamp(),
    user_id text             NOT NULL,
    kind    text             NOT NULL,
    v2      boolean          NOT NULL,
    ok      boolean          NOT NULL,
    ms      double precision NOT NULL
);
CREATE INDEX request_log_by_time ON request_log (at);

-- fail_at_percent: the V2 path fails as soon as the flag lets in so many (`headgate demo --breach`).
-- slow_at_percent: it becomes slow.
CREATE TABLE app_setting (
    name  text NOT NULL PRIMARY KEY,
    value integer
);
INSERT INTO app_setting (name, value) VALUES ('fail_at_percent', NULL), ('slow_at_percent', NULL);

-- The bucket of a user, 0 … 9999, as docs/bucketing.md defines it for any application; the schema headgate may come
-- and go without the application noticing.
CREATE FUNCTION app_bucket(flag text, id text) RETURNS integer LANGUAGE sql IMMUTABLE AS $$
    SELECT (('x' || encode(substr(sha256(convert_to(flag || ':' || id, 'UTF8')), 1, 4), 'hex'))::bit(32)::bigint
            % 10000)::integer
$$;

-- The percentage that the flag lets in now: 0 when it is off, and as long as there is no table of flags. Once its row
-- is gone from the table the code no longer asks: everybody is in.
CREATE FUNCTION app_flag_percent(flag text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    percent integer;
BEGIN
    IF to_regclass('feature_flags') IS NULL THEN
        RETURN 0;
    END IF;
    EXECUTE 'SELECT CASE WHEN enabled THEN rollout_percentage ELSE 0 END FROM feature_flags WHERE name = $1'
       INTO percent USING flag;
    RETURN coalesce(percent, 100);
END
$$;

-- One request. roll is any number: the same roll is the same request.
CREATE FUNCTION app_request(roll bigint, percent integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    user_name text    := 'user-' || 1 + abs(roll) % (SELECT count(*) FROM users);
    is_v2     boolean := app_bucket('v2_canonical_system', user_name) < percent * 100;
    fails_at  integer := (SELECT value FROM app_setting WHERE name = 'fail_at_percent');
    slow_at   integer := (SELECT value FROM app_setting WHERE name = 'slow_at_percent');
    newest    bigint  := (SELECT max(id) FROM events);
    is_ok     boolean := true;
    action    text    := (ARRAY['show', 'show', 'show', 'show', 'show', 'receive', 'receive', 'change'])[1 + abs(roll) % 8];
    event     bigint  := 1 + (abs(roll) / 8) % newest;
BEGIN
    IF action = 'receive' THEN
        INSERT INTO events (user_id, integration_type, event_type, event_data)
        SELECT user_name, integration_type, event_type, event_data || jsonb_build_object('received', roll)
          FROM events WHERE id = event AND jsonb_typeof(event_data) = 'object';
    ELSIF action = 'change' THEN
        UPDATE events SET event_data = event_data || jsonb_build_object('changed', roll)
         WHERE id = event AND jsonb_typeof(event_data) = 'object';
    ELSIF is_v2 THEN
        -- What the V2 path shows must be there: a hole in the backfill is a failed request.
        EXECUTE 'SELECT NOT EXISTS (SELECT FROM events
                                     WHERE id = $1 AND (canonical_event ? ''normalized'') IS NOT TRUE)'
           INTO is_ok USING event;
    ELSE
        PERFORM event_data FROM events WHERE id = event;
    END IF;

    IF is_v2 THEN
        is_ok := is_ok AND percent < coalesce(fails_at, 101);
    ELSE
        is_ok := abs(roll) % 1000 <> 7;         -- the old path has always failed now and then
    END IF;
    INSERT INTO request_log (user_id, kind, v2, ok, ms)
    VALUES (user_name, action, is_v2, is_ok,
            CASE WHEN is_v2 AND percent >= coalesce(slow_at, 101) THEN 900
                 WHEN is_v2 THEN 120 ELSE 160 END + abs(roll) % 97);
END
$$;

-- The requests of one tick. Several ticks may run at once; a tick that fails (a lock, a column that goes away) is
-- logged by the caller and the next one goes on.
CREATE FUNCTION app_tick(tick bigint, requests integer DEFAULT 40) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    percent integer := app_flag_percent('v2_canonical_system');
BEGIN
    FOR i IN 1 .. requests LOOP
        PERFORM app_request(hashint8extended(tick * 1000 + i, 2), percent);
    END LOOP;
    DELETE FROM request_log WHERE tick % 100 = 0 AND at < clock_timestamp() - interval '10 minutes';
    RETURN percent;
END
$$;
