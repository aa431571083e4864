-- Only now that every organization has its owner. NOT VALID first: the lock is short, old rows are looked at without it.

ALTER TABLE organizations ADD CONSTRAINT "organizations_ownerId_fkey"
    FOREIGN KEY ("ownerId") REFERENCES users (id) ON DELETE RESTRICT NOT VALID;
ALTER TABLE organizations VALIDATE CONSTRAINT "organizations_ownerId_fkey";
