-- Use CONCURRENTLY for indexes (requires separate statements)
CREATE INDEX CONCURRENTLY idx_products_status ON products(status);
