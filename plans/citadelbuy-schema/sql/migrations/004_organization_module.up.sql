-- Organizations (the document's migration 7): it goes before the owners, which refer to it.

CREATE TYPE "OrganizationType" AS ENUM ('INDIVIDUAL', 'SMALL_BUSINESS', 'ENTERPRISE');
CREATE TYPE "OrganizationStatus" AS ENUM ('PENDING_VERIFICATION', 'ACTIVE', 'SUSPENDED', 'CLOSED');
CREATE TYPE "MemberStatus" AS ENUM ('INVITED', 'ACTIVE', 'SUSPENDED', 'LEFT');
CREATE TYPE "KycStatus" AS ENUM ('NOT_STARTED', 'SUBMITTED', 'IN_REVIEW', 'APPROVED', 'REJECTED');

CREATE TABLE organizations (
    id          text NOT NULL PRIMARY KEY,
    name        text NOT NULL,
    slug        text NOT NULL UNIQUE,
    type        "OrganizationType" NOT NULL DEFAULT 'INDIVIDUAL',
    status      "OrganizationStatus" NOT NULL DEFAULT 'PENDING_VERIFICATION',
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE departments (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name             text NOT NULL,
    "parentId"       text REFERENCES departments (id) ON DELETE SET NULL,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE teams (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    "departmentId"   text REFERENCES departments (id) ON DELETE SET NULL,
    name             text NOT NULL,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE organization_roles (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name             text NOT NULL,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE ("organizationId", name)
);

CREATE TABLE permissions (
    id          text NOT NULL PRIMARY KEY,
    resource    text NOT NULL,
    action      text NOT NULL,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (resource, action)
);

CREATE TABLE organization_members (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    "userId"         text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    "roleId"         text REFERENCES organization_roles (id) ON DELETE SET NULL,
    "teamId"         text REFERENCES teams (id) ON DELETE SET NULL,
    status           "MemberStatus" NOT NULL DEFAULT 'INVITED',
    "isFounder"      boolean NOT NULL DEFAULT false,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE ("organizationId", "userId")
);

CREATE TABLE kyc_applications (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    status           "KycStatus" NOT NULL DEFAULT 'NOT_STARTED',
    "submittedAt"    timestamptz,
    "reviewedAt"     timestamptz,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE organization_invitations (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email            text NOT NULL,
    token            text NOT NULL UNIQUE,
    "expiresAt"      timestamptz NOT NULL,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE organization_api_keys (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name             text NOT NULL,
    "keyHash"        text NOT NULL UNIQUE,
    "revokedAt"      timestamptz,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE organization_audit_logs (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    "userId"         text REFERENCES users (id) ON DELETE SET NULL,
    action           text NOT NULL,
    detail           jsonb NOT NULL DEFAULT '{}',
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE organization_billing (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE UNIQUE,
    email            text NOT NULL,
    plan             text NOT NULL DEFAULT 'FREE',
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE organization_invoices (
    id          text NOT NULL PRIMARY KEY,
    "billingId" text NOT NULL REFERENCES organization_billing (id) ON DELETE RESTRICT,
    amount      numeric(12,2) NOT NULL DEFAULT 0,
    "paidAt"    timestamptz,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE webhooks (
    id               text NOT NULL PRIMARY KEY,
    "organizationId" text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    url              text NOT NULL,
    "secretHash"     text NOT NULL,
    "isActive"       boolean NOT NULL DEFAULT false,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE webhook_deliveries (
    id          text NOT NULL PRIMARY KEY,
    "webhookId" text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event       text NOT NULL,
    status      integer,
    attempts    integer NOT NULL DEFAULT 0,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE webhook_dead_letters (
    id          text NOT NULL PRIMARY KEY,
    "webhookId" text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event       text NOT NULL,
    payload     jsonb NOT NULL,
    error       text,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE webhook_event_logs (
    id          text NOT NULL PRIMARY KEY,
    "webhookId" text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event       text NOT NULL,
    payload     jsonb NOT NULL,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
