ALTER TABLE organizations DROP CONSTRAINT "organizations_ownerId_fkey";
