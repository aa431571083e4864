-- Keeps rows right that the application writes from now on: normalize.lua once more, in SQL. A trigger, because the
-- legacy code path goes on inserting events for everybody whom the flag does not let in yet, and it knows
-- nothing of canonical_event. It fires for event_data, not for canonical_event: the backfill does not pay for it.

CREATE FUNCTION event_text(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN jsonb_typeof(value) = 'string' THEN nullif(value #>> '{}', '') END
$$;

CREATE FUNCTION event_full_name(person jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT nullif(concat_ws(' ', event_text(person -> 'first_name'), event_text(person -> 'last_name')), '')
$$;

-- 1999, 'eur' → '19.99'
CREATE FUNCTION event_price(amount jsonb, currency text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN amount::text !~ '^[0-9]{1,18}$' THEN NULL
        WHEN lower(currency) IN ('jpy', 'krw', 'vnd', 'clp') THEN amount::text
        ELSE (amount::bigint / 100) || '.' || lpad((amount::bigint % 100)::text, 2, '0')
    END
$$;

CREATE FUNCTION event_normalized(provider text, data jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    object jsonb := data #> '{data,object}';
    item   jsonb := data #> '{line_items,0}';
    fields jsonb;
BEGIN
    CASE
        WHEN provider = 'shopify' THEN
            fields := jsonb_build_object(
                'template.product_name', event_text(item -> 'title'),
                'template.price', item -> 'price',
                'template.quantity', item -> 'quantity',
                'template.customer_name', event_full_name(data -> 'customer'),
                'template.city', event_text(data #> '{shipping_address,city}'),
                'template.currency', event_text(data -> 'currency'),
                'meta.order_id', data -> 'id');
        WHEN provider = 'stripe' THEN
            fields := jsonb_build_object(
                'template.product_name', event_text(object -> 'description'),
                'template.price', event_price(object -> 'amount', event_text(object -> 'currency')),
                'template.customer_name', event_text(object #> '{billing_details,name}'),
                'template.city', event_text(object #> '{billing_details,address,city}'),
                'template.currency', upper(event_text(object -> 'currency')),
                'meta.charge_id', event_text(object -> 'id'));
        WHEN provider IN ('testimonial', 'testimonial_form', 'testimonial_video') THEN
            fields := jsonb_build_object(
                'template.customer_name',
                    coalesce(event_text(data #> '{author,name}'), event_text(data -> 'author_name')),
                'template.company', event_text(data #> '{author,company}'),
                'template.quote', coalesce(event_text(data -> 'text'), event_text(data -> 'transcript')),
                'template.rating', data -> 'rating',
                'template.video_url', event_text(data -> 'video_url'));
        ELSE
            fields := jsonb_build_object(
                'template.customer_name',
                    coalesce(event_text(data -> 'customer_name'), event_text(data -> 'name'),
                             event_full_name(data -> 'customer'), event_text(data #> '{user,name}')),
                'template.message', coalesce(event_text(data -> 'message'), event_text(data -> 'title')),
                'meta.fallback', true);
    END CASE;
    -- What the provider did not send is left out, on this level only: values stay as they came.
    SELECT jsonb_object_agg(key, value) INTO fields
      FROM jsonb_each(fields || jsonb_build_object('meta.provider', provider))
     WHERE value <> 'null';
    RETURN fields;
END
$$;

CREATE FUNCTION event_canonical(id bigint, integration_type text, event_type text, created_at timestamptz, data jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object(
        'event_id', id::text,
        'provider', provider,
        'provider_event_type', coalesce(
            CASE WHEN integration_type = 'stripe' THEN event_text(data -> 'type') END,
            nullif(event_type, ''), 'unknown'),
        'timestamp', (to_jsonb(created_at AT TIME ZONE 'UTC') #>> '{}') || 'Z',
        'payload', data,
        'normalized', event_normalized(provider, data))
      FROM coalesce(nullif(integration_type, ''), 'unknown') AS provider
$$;

CREATE FUNCTION events_canonical_sync() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.canonical_event := event_canonical(NEW.id, NEW.integration_type, NEW.event_type, NEW.created_at,
                                           NEW.event_data);
    RETURN NEW;
END
$$;

CREATE TRIGGER events_canonical_sync
    BEFORE INSERT OR UPDATE OF id, integration_type, event_type, created_at, event_data ON events
    FOR EACH ROW EXECUTE FUNCTION events_canonical_sync();
