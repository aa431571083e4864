-- Rows to rehearse with: the document's estimates ("products < 10k, orders < 50k, users < 10k, analytics < 100k"), times $1.
-- Ids are made of numbers, so that every run of the same factor has the same rows.

local rehearsal = {}

rehearsal.fill = {
  [[
INSERT INTO users (id, email, "passwordHash", name, role, "isActive", "createdAt")
SELECT 'user-' || n, 'user' || n || '@example.com', md5(n::text), 'User ' || n,
       (CASE WHEN n % 500 = 0 THEN 'ADMIN' WHEN n % 10 = 0 THEN 'VENDOR' ELSE 'CUSTOMER' END)::"UserRole",
       n % 20 <> 0, timestamptz '2024-01-01' + n * interval '1 minute'
  FROM generate_series(1, 9000 * $1::int) AS n]],
  [[
INSERT INTO categories (id, name, slug, "parentId")
SELECT 'category-' || n, 'Category ' || n, 'category-' || n, CASE WHEN n > 10 THEN 'category-' || (n % 10 + 1) END
  FROM generate_series(1, 100) AS n WHERE $1::int > 0]],
  [[
INSERT INTO products (id, "vendorId", "categoryId", name, sku, price, stock, status, tags, "createdAt")
SELECT 'product-' || n, 'user-' || (n % 900 + 1) * 10, 'category-' || (n % 100 + 1), 'Product ' || n, 'SKU-' || n,
       (n % 50000) / 100.0, n % 300, CASE WHEN n % 8 = 0 THEN 'DRAFT' ELSE 'ACTIVE' END,
       ARRAY['tag-' || n % 97, 'tag-' || n % 31], timestamptz '2024-01-01' + n * interval '1 minute'
  FROM generate_series(1, 9000 * $1::int) AS n]],
  [[
INSERT INTO orders (id, "userId", "guestEmail", status, total, "trackingNumber", carrier, "createdAt")
SELECT 'order-' || n, CASE WHEN n % 9 > 0 THEN 'user-' || n % (9000 * $1::int) + 1 END,
       CASE WHEN n % 9 = 0 THEN 'guest' || n || '@example.com' END,
       (enum_range(NULL::"OrderStatus"))[n % 7 + 1], n % 400, 'T' || n, (ARRAY['DHL', 'UPS', 'FedEx'])[n % 3 + 1],
       timestamptz '2024-01-01' + n * interval '10 seconds'
  FROM generate_series(1, 45000 * $1::int) AS n]],
  [[
INSERT INTO order_items (id, "orderId", "productId", quantity, price)
SELECT 'item-' || n, 'order-' || n, 'product-' || n % (9000 * $1::int) + 1, n % 4 + 1, (n % 5000) / 100.0
  FROM generate_series(1, 45000 * $1::int) AS n]],
  [[
INSERT INTO product_analytics (id, "productId", day, views, sales)
SELECT 'pa-' || n || '-' || d, 'product-' || n, date '2024-06-01' + d, (n * d) % 1000, (n + d) % 20
  FROM generate_series(1, 9000 * $1::int) AS n, generate_series(1, 10) AS d]],
  [[
INSERT INTO organizations (id, name, slug, type, status)
SELECT 'org-' || n, 'Organization ' || n, 'org-' || n, (enum_range(NULL::"OrganizationType"))[n % 3 + 1], 'ACTIVE'
  FROM generate_series(1, 400 * $1::int) AS n]],
  -- One founder each; none at all in a hundredth, two in some: that is what people have to decide.
  [[
INSERT INTO organization_members (id, "organizationId", "userId", status, "isFounder")
SELECT 'member-' || n || '-' || m, 'org-' || n, 'user-' || (n * 3 + m) % (9000 * $1::int) + 1, 'ACTIVE',
       CASE WHEN n % 100 = 0 THEN false WHEN n % 150 = 75 THEN m <= 2 ELSE m = 1 END
  FROM generate_series(1, 400 * $1::int) AS n, generate_series(1, 3) AS m]],
  "ANALYZE",
}

-- What refers to a row of the rehearsal goes with it.
rehearsal.clear = "TRUNCATE users, categories, organizations CASCADE"

return rehearsal
