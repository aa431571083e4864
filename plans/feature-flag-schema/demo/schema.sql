-- The application before the migration: organizations and their users. Plain SQL without psql's own commands.

CREATE TABLE organizations (
    id         uuid        NOT NULL PRIMARY KEY,
    name       text        NOT NULL UNIQUE,
    industry   text        NOT NULL,
    tier       text        NOT NULL CHECK (tier IN ('starter', 'professional', 'enterprise')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
    id              uuid NOT NULL PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations (id),
    name            text NOT NULL
);
CREATE INDEX users_of_organization ON users (organization_id);

-- Deterministic: two loads are equal byte for byte.
INSERT INTO organizations (id, name, industry, tier, created_at)
SELECT md5('organization ' || n)::uuid, 'Organization ' || n,
       (ARRAY['energy_trading', 'retail', 'logistics', 'manufacturing'])[1 + n % 4],
       (ARRAY['starter', 'professional', 'enterprise'])[1 + n % 3],
       timestamptz '2025-01-01 00:00:00+00' + n * interval '1 hour'
  FROM generate_series(1, 200) AS n;

INSERT INTO users (id, organization_id, name)
SELECT md5('user ' || n)::uuid, md5('organization ' || 1 + n % 200)::uuid, 'User ' || n
  FROM generate_series(1, 2000) AS n;
