-- Users, catalogue and orders, and the tokens of forgotten passwords.

CREATE TYPE "UserRole" AS ENUM ('CUSTOMER', 'VENDOR', 'ADMIN');
CREATE TYPE "OrderStatus" AS ENUM ('PENDING', 'PAID', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'CANCELLED', 'REFUNDED');

CREATE TABLE users (
    id             text NOT NULL PRIMARY KEY,
    email          text NOT NULL UNIQUE,
    "passwordHash" text NOT NULL,
    name           text,
    role           "UserRole" NOT NULL DEFAULT 'CUSTOMER',
    "isActive"     boolean NOT NULL DEFAULT true,
    "createdAt"    timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE categories (
    id          text NOT NULL PRIMARY KEY,
    name        text NOT NULL,
    slug        text NOT NULL UNIQUE,
    "parentId"  text REFERENCES categories (id) ON DELETE SET NULL,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE products (
    id           text NOT NULL PRIMARY KEY,
    "vendorId"   text REFERENCES users (id) ON DELETE SET NULL,
    "categoryId" text NOT NULL REFERENCES categories (id) ON DELETE RESTRICT,
    name         text NOT NULL,
    sku          text NOT NULL UNIQUE,
    price        numeric(12,2) NOT NULL DEFAULT 0,
    stock        integer NOT NULL DEFAULT 0,
    status       text NOT NULL DEFAULT 'ACTIVE',
    tags         text[] NOT NULL DEFAULT '{}',
    "createdAt"  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE orders (
    id               text NOT NULL PRIMARY KEY,
    "userId"         text REFERENCES users (id) ON DELETE SET NULL,
    "guestEmail"     text,
    status           "OrderStatus" NOT NULL DEFAULT 'PENDING',
    total            numeric(12,2) NOT NULL DEFAULT 0,
    "trackingNumber" text,
    carrier          text,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE order_items (
    id          text NOT NULL PRIMARY KEY,
    "orderId"   text NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    "productId" text NOT NULL REFERENCES products (id) ON DELETE RESTRICT,
    quantity    integer NOT NULL DEFAULT 1,
    price       numeric(12,2) NOT NULL DEFAULT 0,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE reviews (
    id          text NOT NULL PRIMARY KEY,
    "userId"    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    "productId" text NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    rating      integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
    comment     text,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE wishlist (
    id          text NOT NULL PRIMARY KEY,
    "userId"    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    "productId" text NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE ("userId", "productId")
);

CREATE TABLE password_resets (
    id          text NOT NULL PRIMARY KEY,
    "userId"    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token       text NOT NULL UNIQUE,
    "expiresAt" timestamptz NOT NULL,
    "usedAt"    timestamptz,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
