-- The indexes of the document and those it only counts. Each is built without blocking anybody, never with IF NOT EXISTS: that
-- says "done" on an index that a failed build left INVALID.

-- Products
CREATE INDEX CONCURRENTLY idx_products_status ON products (status);
CREATE INDEX CONCURRENTLY idx_products_vendor_status_created ON products ("vendorId", status, "createdAt" DESC);
CREATE INDEX CONCURRENTLY idx_products_category_status_created ON products ("categoryId", status, "createdAt" DESC);
CREATE INDEX CONCURRENTLY idx_products_price ON products (price);
CREATE INDEX CONCURRENTLY idx_products_stock ON products (stock);
CREATE INDEX CONCURRENTLY idx_products_sku_active ON products (sku) WHERE status = 'ACTIVE';
CREATE INDEX CONCURRENTLY idx_products_tags_gin ON products USING gin (tags);

-- Orders
CREATE INDEX CONCURRENTLY idx_orders_user_status_created ON orders ("userId", status, "createdAt" DESC);
CREATE INDEX CONCURRENTLY idx_orders_status_created ON orders (status, "createdAt" DESC);
CREATE INDEX CONCURRENTLY idx_orders_guest_email ON orders ("guestEmail") WHERE "guestEmail" IS NOT NULL;
CREATE INDEX CONCURRENTLY idx_orders_tracking_carrier ON orders (carrier, "trackingNumber");
CREATE INDEX CONCURRENTLY idx_order_items_order ON order_items ("orderId");
CREATE INDEX CONCURRENTLY idx_order_items_product ON order_items ("productId");

-- Users
CREATE INDEX CONCURRENTLY idx_users_email_active ON users (email) WHERE "isActive";
CREATE INDEX CONCURRENTLY idx_users_role_created ON users (role, "createdAt" DESC);
CREATE INDEX CONCURRENTLY idx_reviews_product_rating ON reviews ("productId", rating);
CREATE INDEX CONCURRENTLY idx_reviews_user_created ON reviews ("userId", "createdAt" DESC);
CREATE INDEX CONCURRENTLY idx_wishlist_product ON wishlist ("productId");
CREATE INDEX CONCURRENTLY idx_categories_parent ON categories ("parentId");

-- Analytics
CREATE INDEX CONCURRENTLY idx_product_analytics_day ON product_analytics (day, "productId");
CREATE INDEX CONCURRENTLY idx_product_analytics_views ON product_analytics (views DESC);
CREATE INDEX CONCURRENTLY idx_vendor_analytics_day ON vendor_analytics (day, "vendorId");
CREATE INDEX CONCURRENTLY idx_category_analytics_day ON category_analytics (day, "categoryId");
CREATE INDEX CONCURRENTLY idx_traffic_analytics_source_day ON traffic_analytics (source, day);
CREATE INDEX CONCURRENTLY idx_ad_impressions_ad_created ON ad_impressions ("advertisementId", "createdAt" DESC);
CREATE INDEX CONCURRENTLY idx_ad_clicks_ad_created ON ad_clicks ("advertisementId", "createdAt" DESC);

-- Money
CREATE INDEX CONCURRENTLY idx_subscriptions_user_status ON subscriptions ("userId", status);
CREATE INDEX CONCURRENTLY idx_subscriptions_ends ON subscriptions ("endsAt");
CREATE INDEX CONCURRENTLY idx_bnpl_installments_due ON bnpl_installments ("dueAt") WHERE "paidAt" IS NULL;
CREATE INDEX CONCURRENTLY idx_point_transactions_loyalty_created ON point_transactions ("loyaltyId", "createdAt" DESC);
CREATE INDEX CONCURRENTLY idx_gift_card_transactions_card ON gift_card_transactions ("giftCardId");
CREATE INDEX CONCURRENTLY idx_vendor_payouts_vendor_status ON vendor_payouts ("vendorId", status);

-- Organizations
CREATE INDEX CONCURRENTLY idx_organization_members_user ON organization_members ("userId");
CREATE INDEX CONCURRENTLY idx_organizations_owner ON organizations ("ownerId");
CREATE INDEX CONCURRENTLY idx_organization_audit_logs_created ON organization_audit_logs ("organizationId", "createdAt" DESC);
