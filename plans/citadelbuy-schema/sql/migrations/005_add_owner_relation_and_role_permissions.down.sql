DROP TABLE role_permissions;
ALTER TABLE organizations DROP COLUMN "ownerId";
