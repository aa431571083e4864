-- Files: what belongs to a project, who may see it.
CREATE TABLE project_members (
    project_id uuid NOT NULL REFERENCES projects,
    user_id uuid NOT NULL REFERENCES users,
    role text NOT NULL,
    PRIMARY KEY (project_id, user_id)
);

CREATE TABLE project_milestones (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects,
    name text NOT NULL,
    status project_status NOT NULL,
    due_at timestamptz NOT NULL
);

CREATE TABLE files (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL REFERENCES projects,
    uploaded_by uuid NOT NULL REFERENCES users,
    name text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    version integer NOT NULL CHECK (version > 0),
    storage_path text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX files_project_idx ON files (project_id, created_at DESC);

CREATE TABLE file_permissions (
    file_id uuid NOT NULL REFERENCES files,
    user_id uuid NOT NULL REFERENCES users,
    permission text NOT NULL CHECK (permission IN ('view', 'comment', 'edit')),
    PRIMARY KEY (file_id, user_id)
);
