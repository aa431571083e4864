-- Owners of organizations and permissions of roles (the document's migration 4). The column is filled by a backfill, and only
-- then is its foreign key made: see 008.

ALTER TABLE organizations ADD COLUMN "ownerId" text;

CREATE TABLE role_permissions (
    "roleId"       text NOT NULL REFERENCES organization_roles (id) ON DELETE CASCADE,
    "permissionId" text NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
    PRIMARY KEY ("roleId", "permissionId")
);
