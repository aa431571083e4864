-- Vendors: profiles, applications, payouts, commissions, figures.

CREATE TYPE "VendorStatus" AS ENUM ('PENDING', 'ACTIVE', 'SUSPENDED', 'CLOSED');
CREATE TYPE "VendorApplicationStatus" AS ENUM ('DRAFT', 'SUBMITTED', 'IN_REVIEW', 'APPROVED', 'REJECTED');
CREATE TYPE "PayoutStatus" AS ENUM ('PENDING', 'PROCESSING', 'PAID', 'FAILED');
CREATE TYPE "PayoutMethod" AS ENUM ('BANK_TRANSFER', 'PAYPAL', 'STRIPE');

CREATE TABLE vendor_profiles (
    id             text NOT NULL PRIMARY KEY,
    "userId"       text NOT NULL REFERENCES users (id) ON DELETE CASCADE UNIQUE,
    "businessName" text NOT NULL,
    status         "VendorStatus" NOT NULL DEFAULT 'PENDING',
    "createdAt"    timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE vendor_applications (
    id            text NOT NULL PRIMARY KEY,
    "userId"      text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    status        "VendorApplicationStatus" NOT NULL DEFAULT 'DRAFT',
    "submittedAt" timestamptz,
    "reviewedAt"  timestamptz,
    "createdAt"   timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE vendor_payouts (
    id          text NOT NULL PRIMARY KEY,
    "vendorId"  text NOT NULL REFERENCES vendor_profiles (id) ON DELETE RESTRICT,
    amount      numeric(12,2) NOT NULL DEFAULT 0,
    status      "PayoutStatus" NOT NULL DEFAULT 'PENDING',
    method      "PayoutMethod" NOT NULL,
    "paidAt"    timestamptz,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE vendor_commission_rules (
    id           text NOT NULL PRIMARY KEY,
    "vendorId"   text NOT NULL REFERENCES vendor_profiles (id) ON DELETE CASCADE,
    "categoryId" text REFERENCES categories (id) ON DELETE SET NULL,
    rate         numeric(12,2) NOT NULL DEFAULT 0,
    "createdAt"  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE vendor_performance_metrics (
    id          text NOT NULL PRIMARY KEY,
    "vendorId"  text NOT NULL REFERENCES vendor_profiles (id) ON DELETE CASCADE,
    day         date NOT NULL,
    orders      integer NOT NULL DEFAULT 0,
    cancelled   integer NOT NULL DEFAULT 0,
    rating      numeric(3,2),
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE ("vendorId", day)
);
