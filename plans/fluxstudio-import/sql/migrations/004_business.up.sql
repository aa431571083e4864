-- Business operations: what is billed, asked for and shown.
CREATE TABLE invoices (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL REFERENCES organizations,
    project_id uuid NOT NULL REFERENCES projects,
    number text NOT NULL UNIQUE,
    amount_cents bigint NOT NULL,
    status text NOT NULL CHECK (status IN ('draft', 'sent', 'paid', 'overdue')),
    issued_at timestamptz NOT NULL
);

CREATE TABLE time_entries (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects,
    user_id uuid NOT NULL REFERENCES users,
    minutes integer NOT NULL CHECK (minutes > 0),
    note text,
    started_at timestamptz NOT NULL
);
CREATE INDEX time_entries_project_idx ON time_entries (project_id, started_at);

CREATE TABLE service_packages (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    price_cents bigint NOT NULL,
    is_active boolean NOT NULL
);

CREATE TABLE client_requests (
    id uuid PRIMARY KEY,
    email text NOT NULL,
    subject text NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE TABLE portfolios (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    title text NOT NULL
);

CREATE TABLE portfolio_items (
    id uuid PRIMARY KEY,
    portfolio_id uuid NOT NULL REFERENCES portfolios,
    project_id uuid NOT NULL REFERENCES projects,
    title text NOT NULL,
    position integer NOT NULL
);
