-- Everything that the migrations make, by name: what the document counts by pattern is written down here.

return {
  tables = {
    "users", "categories", "products", "orders", "order_items", "reviews", "wishlist", "password_resets",
    "ad_campaigns", "advertisements", "ad_keywords", "ad_impressions", "ad_clicks", "subscription_plans",
    "subscriptions", "subscription_invoices", "bnpl_payment_plans", "bnpl_installments", "customer_loyalty",
    "point_transactions", "rewards", "reward_redemptions", "referrals", "deals", "deal_products", "deal_purchases",
    "deal_notifications", "gift_cards", "gift_card_transactions", "store_credits", "store_credit_transactions",
    "vendor_analytics", "product_analytics", "category_analytics", "revenue_analytics", "traffic_analytics",
    "vendor_profiles", "vendor_applications", "vendor_payouts", "vendor_commission_rules",
    "vendor_performance_metrics", "organizations", "departments", "teams", "organization_roles", "permissions",
    "organization_members", "kyc_applications", "organization_invitations", "organization_api_keys",
    "organization_audit_logs", "organization_billing", "organization_invoices", "webhooks", "webhook_deliveries",
    "webhook_dead_letters", "webhook_event_logs", '"ConsentLog"', '"DataDeletionRequest"', '"DataExportRequest"',
    '"AgreedTerms"', "role_permissions",
  },
  enums = {
    '"UserRole"', '"OrderStatus"', '"VendorStatus"', '"VendorApplicationStatus"', '"PayoutStatus"', '"PayoutMethod"',
    '"OrganizationType"', '"OrganizationStatus"', '"MemberStatus"', '"KycStatus"',
  },
  indexes = {
    "idx_products_status", "idx_products_vendor_status_created", "idx_products_category_status_created",
    "idx_products_price", "idx_products_stock", "idx_products_sku_active", "idx_products_tags_gin",
    "idx_orders_user_status_created", "idx_orders_status_created", "idx_orders_guest_email",
    "idx_orders_tracking_carrier", "idx_order_items_order", "idx_order_items_product", "idx_users_email_active",
    "idx_users_role_created", "idx_reviews_product_rating", "idx_reviews_user_created", "idx_wishlist_product",
    "idx_categories_parent", "idx_product_analytics_day", "idx_product_analytics_views", "idx_vendor_analytics_day",
    "idx_category_analytics_day", "idx_traffic_analytics_source_day", "idx_ad_impressions_ad_created",
    "idx_ad_clicks_ad_created", "idx_subscriptions_user_status", "idx_subscriptions_ends",
    "idx_bnpl_installments_due", "idx_point_transactions_loyalty_created", "idx_gift_card_transactions_card",
    "idx_vendor_payouts_vendor_status", "idx_organization_members_user", "idx_organizations_owner",
    "idx_organization_audit_logs_created",
  },
}
