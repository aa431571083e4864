-- What the store says of itself, what was written into it while it was imported, and the flag of the search.
CREATE TABLE store_manifest (
    collection text PRIMARY KEY,
    records bigint NOT NULL,
    good bigint NOT NULL,
    digest numeric NOT NULL,
    bad_ids jsonb NOT NULL
);

CREATE TABLE store_journal (
    seq bigint PRIMARY KEY,
    collection text NOT NULL,
    key jsonb NOT NULL,
    row jsonb
);

CREATE TABLE application_flags (
    name text PRIMARY KEY,
    percentage integer NOT NULL CHECK (percentage BETWEEN 0 AND 100),
    enabled boolean NOT NULL
);
INSERT INTO application_flags VALUES ('postgres_search', 0, false);
