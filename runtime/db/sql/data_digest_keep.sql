-- Comparison $3 of step $2 of run $1, of form $4, has ranges that end at the keys $5; the first $6 of them are compared, and hold $7.
INSERT INTO headgate.digest AS d (run, step, place, form, cuts, done, found)
VALUES ($1::bigint, $2::text, $3::integer, $4::text, $5::jsonb, $6::integer, $7::jsonb)
ON CONFLICT (run, step, place) DO UPDATE
SET form = excluded.form, cuts = excluded.cuts, done = excluded.done, found = excluded.found,
    begun_at = CASE WHEN d.form = excluded.form THEN d.begun_at ELSE excluded.begun_at END
