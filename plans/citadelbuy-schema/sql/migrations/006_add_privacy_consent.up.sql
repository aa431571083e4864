-- Consent, deletion and export of personal data, terms that were agreed to.

CREATE TABLE "ConsentLog" (
    id                  text NOT NULL PRIMARY KEY,
    "userId"            text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    "dataProcessing"    boolean NOT NULL DEFAULT false,
    marketing           boolean NOT NULL DEFAULT false,
    analytics           boolean NOT NULL DEFAULT false,
    "thirdPartySharing" boolean NOT NULL DEFAULT false,
    "ipAddress"         text,
    "userAgent"         text,
    version             text NOT NULL,
    "createdAt"         timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "DataDeletionRequest" (
    id              text NOT NULL PRIMARY KEY,
    "userId"        text REFERENCES users (id) ON DELETE SET NULL,
    strategy        text NOT NULL DEFAULT 'soft',
    status          text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED')),
    "scheduledDate" timestamptz,
    reason          text,
    "createdAt"     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "DataExportRequest" (
    id            text NOT NULL PRIMARY KEY,
    "userId"      text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    format        text NOT NULL DEFAULT 'JSON',
    "downloadUrl" text,
    "expiresAt"   timestamptz,
    "createdAt"   timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE "AgreedTerms" (
    id          text NOT NULL PRIMARY KEY,
    "userId"    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version     text NOT NULL,
    "ipAddress" text,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
