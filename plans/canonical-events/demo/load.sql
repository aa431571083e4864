-- Fills the tables of schema.sql with {{events}} events; campaigns and users scale along (1,005 events: 3
-- campaigns, as in the story). Deterministic: arithmetic on the id, no random(), no now(), so that two loads of one size
-- are equal byte for byte. Most payloads are 650 to 850 bytes of jsonb and carry what careless code breaks: integers
-- beyond 2^53, 100.00, empty arrays and objects, null, Unicode, escapes.

INSERT INTO users (id, name)
SELECT 'user-' || n, 'User ' || n
  FROM generate_series(1, greatest(200, {{events}} / 50)) AS n;

-- One shop for most users; every third campaign's owner has two of them (below), which nobody can tell apart by rule.
INSERT INTO integrations (id, user_id, provider, name)
SELECT 'int-' || n, 'user-' || n,
       (ARRAY['shopify', 'shopify', 'stripe', 'shopify', 'testimonial'])[1 + n % 5],
       'Shop ' || n || ' A'
  FROM generate_series(1, greatest(3, {{events}} / 335)) AS n;

INSERT INTO integrations (id, user_id, provider, name)
SELECT 'int-' || n || 'b', 'user-' || n,
       (ARRAY['shopify', 'shopify', 'stripe', 'shopify', 'testimonial'])[1 + n % 5],
       'Shop ' || n || ' B'
  FROM generate_series(1, greatest(3, {{events}} / 335)) AS n
 WHERE n % 10 = 2;

-- Of ten campaigns: five clean, one with two integrations to choose from, one with neither source nor
-- configuration, one native, one whose integration is gone, one whose provider matches nothing.
INSERT INTO campaigns (id, user_id, name, data_source, integration_id, integration_settings, native_config)
SELECT 'campaign-' || n, 'user-' || n, 'Campaign ' || n,
       CASE WHEN n % 10 IN (3, 4) THEN NULL
            WHEN n % 10 = 6 THEN 'woocommerce'
            ELSE (ARRAY['shopify', 'shopify', 'stripe', 'shopify', 'testimonial'])[1 + n % 5] END,
       CASE WHEN n % 10 = 5 THEN 'int-gone-' || n WHEN n % 10 = 7 THEN 'int-' || n END,
       CASE WHEN n % 10 IN (3, 4) THEN NULL
            ELSE '{"events": ["order.created"], "limit": 820982911946154508, "tags": []}'::jsonb END,
       CASE WHEN n % 10 = 4 THEN '{"messages": ["Hello"]}'::jsonb END
  FROM generate_series(1, greatest(3, {{events}} / 335)) AS n;

-- x is a multiplicative hash of the id, 0 … 2^32 - 1: digits that look random and are always the same.
INSERT INTO events (id, user_id, integration_type, event_type, event_data, created_at)
SELECT id,
       'user-' || 1 + x % greatest(200, {{events}} / 50),
       (ARRAY['shopify', 'shopify', 'shopify', 'shopify', 'shopify', 'shopify', 'shopify', 'shopify', 'shopify',
              'shopify', 'stripe', 'stripe', 'stripe', 'stripe', 'stripe', 'testimonial', 'testimonial_form',
              'testimonial_video', 'woocommerce', 'webhook'])[1 + id % 20],
       CASE WHEN id % 20 < 10 THEN (ARRAY['order.created', 'order.paid', 'order.fulfilled'])[1 + x % 3]
            WHEN id % 20 < 15 THEN NULL
            WHEN id % 20 < 18 THEN 'testimonial.received'
            WHEN id % 20 = 18 THEN 'order' END,
       CASE
       WHEN id % 20 < 10 THEN format(
           '{"id": %s, "admin_graphql_api_id": "gid://shopify/Order/%s", "name": "#%s", "test": false, '
           '"currency": "%s", "total_price": "%s.%s", "subtotal_price": %s.00, "total_tax": 0.10, '
           '"customer": {"id": %s, "first_name": "%s", "last_name": "%s", "email": "customer.%s@example.org", '
           '"tags": [], "default_address": {"zip": "0%s", "country_code": "DE"}}, '
           '"shipping_address": {"city": "%s", "latitude": 52.5200066, "longitude": 13.404954}, '
           '"line_items": [{"id": %s, "title": "%s", "price": %s.%s0, "quantity": %s, "properties": [], '
           '"sku": "SKU-%s"}, {"id": %s, "title": "Gift wrap", "price": 100.00, "quantity": 1, "properties": {}}], '
           '"note": "%s", "discount_codes": [], "refunds": null, "source": {"ip": "192.0.2.%s", "agent": "web"}}',
           820982911946154508 + id, 820982911946154508 + id, 1000 + id,
           (ARRAY['EUR', 'USD', 'GBP'])[1 + x % 3], x % 900 + 10, 10 + x % 90, x % 900 + 10,
           115310627314723954 + id % 5000,
           (ARRAY['John', 'Zoë', 'Jürgen', '美咲', 'Anaïs', 'Oluwaseun', 'Søren'])[1 + x % 7],
           (ARRAY['Smith', 'O''Brien', 'Müller', '田中', 'Nuñez'])[1 + x % 5],
           x, x % 9000 + 1000,
           (ARRAY['Berlin', 'København', 'São Paulo', 'Kraków', '東京'])[1 + x % 5],
           466157049 + id, (ARRAY['Product A', 'Tea \"Earl Grey\"', 'Mug, 0.5 l', 'T\\shirt', 'Kaffee ☕'])[1 + x % 5],
           x % 500 + 1, x % 10, 1 + x % 4, x % 100000, 1071823172 + id,
           (ARRAY['', 'Ring twice\nplease', 'tab\there', 'caf\u00e9', 'emoji \ud83d\ude00'])[1 + x % 5],
           x % 250)::jsonb
       WHEN id % 20 < 15 THEN format(
           '{"id": "evt_%s", "object": "event", "api_version": "2024-06-20", "type": "%s", "livemode": true, '
           '"created": %s, "data": {"object": {"id": "ch_%s", "object": "charge", "amount": %s, "amount_refunded": 0, '
           '"currency": "%s", "description": "%s", "paid": true, "captured": true, "fee_rate": 0.0290, '
           '"billing_details": {"name": "%s %s", "email": "payer.%s@example.org", "phone": null, '
           '"address": {"city": "%s", "country": "DE", "line2": null}}, "metadata": {}, "refunds": [], '
           '"payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "%s", "checks": []}}}}, '
           '"request": {"id": "req_%s", "idempotency_key": null}, "pending_webhooks": 1}',
           md5(id::text), (ARRAY['charge.succeeded', 'charge.refunded', 'invoice.paid'])[1 + x % 3],
           1736937000 + id, md5((id * 7)::text), x % 100000,
           (ARRAY['eur', 'usd', 'jpy', 'gbp'])[1 + x % 4],
           (ARRAY['Pro plan', 'Team plan – yearly', 'Support \/ month'])[1 + x % 3],
           (ARRAY['John', 'Zoë', 'Jürgen', '美咲', 'Anaïs', 'Oluwaseun', 'Søren'])[1 + x % 7],
           (ARRAY['Smith', 'O''Brien', 'Müller', '田中', 'Nuñez'])[1 + x % 5], x,
           (ARRAY['Berlin', 'København', 'São Paulo', 'Kraków', '東京'])[1 + x % 5],
           1000 + x % 9000, md5((id * 11)::text))::jsonb
       WHEN id % 20 < 18 THEN format(
           '{"form": "%s", "author": {"name": "%s %s", "company": "%s", "avatar": null, "links": []}, '
           '"rating": %s, "weight": %s.50, "text": "%s %s", "submission": %s, "consent": {"public": true, "at": %s}, '
           '"video_url": "https://cdn.example.org/v/%s.mp4", "thumbnails": [], "custom": {}, "locale": "de-DE", '
           '"page": {"url": "https://shop.example.org/danke?ref=%s", "title": "Danke! \u2764", "depth": [[[1]], []]}}',
           md5(id::text),
           (ARRAY['John', 'Zoë', 'Jürgen', '美咲', 'Anaïs', 'Oluwaseun', 'Søren'])[1 + x % 7],
           (ARRAY['Smith', 'O''Brien', 'Müller', '田中', 'Nuñez'])[1 + x % 5],
           (ARRAY['Acme', 'Müller & Söhne', 'Ünal A.Ş.'])[1 + x % 3], 1 + x % 5, x % 3,
           (ARRAY['It \"just\" works.', 'Best purchase this year:\nthank you!', 'Sehr gut – gerne wieder.'])[1 + x % 3],
           repeat('We have used it every day since and would not give it away. ', 3 + (x % 3)::integer),
           9007199254740993 + id, 1736937000 + id, md5((id * 3)::text), x)::jsonb
       WHEN id % 20 = 18 THEN format(
           '{"order_id": %s, "customer": {"first_name": "%s", "last_name": "%s"}, "title": "Order %s", '
           '"lines": [{"sku": "W-%s", "total": 100.00, "meta": []}], "blob": "%s"}',
           id, (ARRAY['John', 'Zoë', 'Jürgen', '美咲'])[1 + x % 4], (ARRAY['Smith', 'O''Brien', 'Müller'])[1 + x % 3],
           id, x, repeat(md5(id::text), 16))::jsonb
       WHEN id % 100 = 19 THEN '[]'::jsonb
       WHEN id % 100 = 39 THEN to_jsonb('ping ' || id)
       WHEN id % 100 = 59 THEN '{}'::jsonb
       ELSE format('{"name": "sensor %s", "message": "%s", "values": [%s, %s.00, 1e-7, -0.0, 12345678901234567890123]}',
                   x % 50, repeat('reading ok; ', 50), x, x % 100)::jsonb
       END,
       timestamptz '2025-01-15 10:30:00+00' + (id * 37 % 20000000) * interval '1 second' + (id % 4) * interval '125 ms'
  FROM (SELECT id, id * 2654435761 % 4294967296 AS x FROM generate_series(1::bigint, {{events}}) AS id) AS row;

SELECT setval(pg_get_serial_sequence('events', 'id'), {{events}});
ANALYZE;
