-- Advertising, subscriptions, payment plans, loyalty, deals, gift cards, analytics.

CREATE TABLE ad_campaigns (
    id          text NOT NULL PRIMARY KEY,
    "vendorId"  text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name        text NOT NULL,
    budget      numeric(12,2) NOT NULL DEFAULT 0,
    "startsAt"  timestamptz,
    "endsAt"    timestamptz,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE advertisements (
    id           text NOT NULL PRIMARY KEY,
    "campaignId" text NOT NULL REFERENCES ad_campaigns (id) ON DELETE CASCADE,
    "productId"  text NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    title        text NOT NULL,
    bid          numeric(12,2) NOT NULL DEFAULT 0,
    "isActive"   boolean NOT NULL DEFAULT false,
    "createdAt"  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE ad_keywords (
    id           text NOT NULL PRIMARY KEY,
    "campaignId" text NOT NULL REFERENCES ad_campaigns (id) ON DELETE CASCADE,
    keyword      text NOT NULL,
    bid          numeric(12,2) NOT NULL DEFAULT 0,
    "createdAt"  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE ad_impressions (
    id                text NOT NULL PRIMARY KEY,
    "advertisementId" text NOT NULL REFERENCES advertisements (id) ON DELETE CASCADE,
    "userId"          text REFERENCES users (id) ON DELETE SET NULL,
    placement         text,
    "createdAt"       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE ad_clicks (
    id                text NOT NULL PRIMARY KEY,
    "advertisementId" text NOT NULL REFERENCES advertisements (id) ON DELETE CASCADE,
    "userId"          text REFERENCES users (id) ON DELETE SET NULL,
    cost              numeric(12,2) NOT NULL DEFAULT 0,
    "createdAt"       timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE subscription_plans (
    id          text NOT NULL PRIMARY KEY,
    name        text NOT NULL,
    price       numeric(12,2) NOT NULL DEFAULT 0,
    interval    text NOT NULL DEFAULT 'MONTH',
    "isActive"  boolean NOT NULL DEFAULT false,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE subscriptions (
    id          text NOT NULL PRIMARY KEY,
    "userId"    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    "planId"    text NOT NULL REFERENCES subscription_plans (id) ON DELETE RESTRICT,
    status      text NOT NULL DEFAULT 'ACTIVE',
    "endsAt"    timestamptz,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE subscription_invoices (
    id               text NOT NULL PRIMARY KEY,
    "subscriptionId" text NOT NULL REFERENCES subscriptions (id) ON DELETE CASCADE,
    amount           numeric(12,2) NOT NULL DEFAULT 0,
    "paidAt"         timestamptz,
    "createdAt"      timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE bnpl_payment_plans (
    id          text NOT NULL PRIMARY KEY,
    "orderId"   text NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    provider    text NOT NULL,
    total       numeric(12,2) NOT NULL DEFAULT 0,
    status      text NOT NULL DEFAULT 'OPEN',
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE bnpl_installments (
    id          text NOT NULL PRIMARY KEY,
    "planId"    text NOT NULL REFERENCES bnpl_payment_plans (id) ON DELETE CASCADE,
    number      integer NOT NULL DEFAULT 0,
    amount      numeric(12,2) NOT NULL DEFAULT 0,
    "dueAt"     timestamptz NOT NULL,
    "paidAt"    timestamptz,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE customer_loyalty (
    id          text NOT NULL PRIMARY KEY,
    "userId"    text NOT NULL REFERENCES users (id) ON DELETE CASCADE UNIQUE,
    points      integer NOT NULL DEFAULT 0,
    tier        text NOT NULL DEFAULT 'BRONZE',
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE point_transactions (
    id          text NOT NULL PRIMARY KEY,
    "loyaltyId" text NOT NULL REFERENCES customer_loyalty (id) ON DELETE CASCADE,
    points      integer NOT NULL,
    reason      text,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE rewards (
    id          text NOT NULL PRIMARY KEY,
    name        text NOT NULL,
    cost        integer NOT NULL DEFAULT 0,
    "isActive"  boolean NOT NULL DEFAULT false,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE reward_redemptions (
    id          text NOT NULL PRIMARY KEY,
    "rewardId"  text NOT NULL REFERENCES rewards (id) ON DELETE RESTRICT,
    "loyaltyId" text NOT NULL REFERENCES customer_loyalty (id) ON DELETE CASCADE,
    points      integer NOT NULL DEFAULT 0,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE referrals (
    id           text NOT NULL PRIMARY KEY,
    "referrerId" text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    "refereeId"  text REFERENCES users (id) ON DELETE SET NULL,
    code         text NOT NULL UNIQUE,
    "createdAt"  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE deals (
    id          text NOT NULL PRIMARY KEY,
    name        text NOT NULL,
    discount    numeric(12,2) NOT NULL DEFAULT 0,
    "startsAt"  timestamptz NOT NULL,
    "endsAt"    timestamptz NOT NULL,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE deal_products (
    id          text NOT NULL PRIMARY KEY,
    "dealId"    text NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    "productId" text NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE ("dealId", "productId")
);

CREATE TABLE deal_purchases (
    id          text NOT NULL PRIMARY KEY,
    "dealId"    text NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    "orderId"   text NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE deal_notifications (
    id          text NOT NULL PRIMARY KEY,
    "dealId"    text NOT NULL REFERENCES deals (id) ON DELETE CASCADE,
    "userId"    text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    "sentAt"    timestamptz,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE gift_cards (
    id            text NOT NULL PRIMARY KEY,
    code          text NOT NULL UNIQUE,
    balance       numeric(12,2) NOT NULL DEFAULT 0,
    "purchaserId" text REFERENCES users (id) ON DELETE SET NULL,
    "expiresAt"   timestamptz,
    "createdAt"   timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE gift_card_transactions (
    id           text NOT NULL PRIMARY KEY,
    "giftCardId" text NOT NULL REFERENCES gift_cards (id) ON DELETE CASCADE,
    "orderId"    text REFERENCES orders (id) ON DELETE SET NULL,
    amount       numeric(12,2) NOT NULL DEFAULT 0,
    "createdAt"  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE store_credits (
    id          text NOT NULL PRIMARY KEY,
    "userId"    text NOT NULL REFERENCES users (id) ON DELETE CASCADE UNIQUE,
    balance     numeric(12,2) NOT NULL DEFAULT 0,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE store_credit_transactions (
    id              text NOT NULL PRIMARY KEY,
    "storeCreditId" text NOT NULL REFERENCES store_credits (id) ON DELETE CASCADE,
    amount          numeric(12,2) NOT NULL DEFAULT 0,
    reason          text,
    "createdAt"     timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE vendor_analytics (
    id          text NOT NULL PRIMARY KEY,
    "vendorId"  text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day         date NOT NULL,
    revenue     numeric(12,2) NOT NULL DEFAULT 0,
    orders      integer NOT NULL DEFAULT 0,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE ("vendorId", day)
);

CREATE TABLE product_analytics (
    id          text NOT NULL PRIMARY KEY,
    "productId" text NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    day         date NOT NULL,
    views       integer NOT NULL DEFAULT 0,
    sales       integer NOT NULL DEFAULT 0,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE ("productId", day)
);

CREATE TABLE category_analytics (
    id           text NOT NULL PRIMARY KEY,
    "categoryId" text NOT NULL REFERENCES categories (id) ON DELETE CASCADE,
    day          date NOT NULL,
    views        integer NOT NULL DEFAULT 0,
    sales        integer NOT NULL DEFAULT 0,
    "createdAt"  timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE ("categoryId", day)
);

CREATE TABLE revenue_analytics (
    id          text NOT NULL PRIMARY KEY,
    day         date NOT NULL UNIQUE,
    gross       numeric(12,2) NOT NULL DEFAULT 0,
    net         numeric(12,2) NOT NULL DEFAULT 0,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE traffic_analytics (
    id          text NOT NULL PRIMARY KEY,
    day         date NOT NULL,
    source      text NOT NULL,
    visits      integer NOT NULL DEFAULT 0,
    "createdAt" timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (day, source)
);
