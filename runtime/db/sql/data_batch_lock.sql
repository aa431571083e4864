-- Locks the rows of a batch, so that the statement after it sees them as they are and stay.
SELECT pg_catalog.count(*) FROM (
    SELECT FROM {{table}} AS {{alias}} WHERE {{range}} AND ({{where}}
) FOR NO KEY UPDATE OF {{alias}}) AS locked
