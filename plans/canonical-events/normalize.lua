-- One canonical form for the events of every provider. Pure: a row in, a table out, no database.
--
-- sql/canonical_sync.sql says the same in SQL for rows the application writes meanwhile. Whoever changes one
-- changes the other; tests/e2e/normalise.test.ts holds both against the same golden rows.

local function is_document(value)
  local kind = type(value)
  return kind == "userdata" or kind == "table"
end

local function field(value, key)
  if is_document(value) then return value[key] end
  return nil
end

local function text(value)
  if type(value) == "string" and value ~= "" then return value end
  return nil
end

local function full_name(person)
  local first, last = text(field(person, "first_name")), text(field(person, "last_name"))
  if first and last then return first .. " " .. last end
  return first or last
end

-- Currencies that have no smaller unit: their amounts are whole.
local whole_currencies = { jpy = true, krw = true, vnd = true, clp = true }

-- 1999, "eur" → "19.99". Text, because a price is not a binary fraction.
local function price_of(amount, currency)
  if math.type(amount) ~= "integer" or amount < 0 then return nil end
  if currency and whole_currencies[currency:lower()] then return tostring(amount) end
  return ("%d.%02d"):format(amount // 100, amount % 100)
end

local function shopify(data)
  local items = field(data, "line_items")
  local item = field(items, 1)
  local customer = field(data, "customer")
  return {
    ["template.product_name"] = text(field(item, "title")),
    ["template.price"] = field(item, "price"),
    ["template.quantity"] = field(item, "quantity"),
    ["template.customer_name"] = full_name(customer),
    ["template.city"] = text(field(field(data, "shipping_address"), "city")),
    ["template.currency"] = text(field(data, "currency")),
    ["meta.order_id"] = field(data, "id"),
  }
end

local function stripe(data)
  local object = field(field(data, "data"), "object")
  local currency = text(field(object, "currency"))
  return {
    ["template.product_name"] = text(field(object, "description")),
    ["template.price"] = price_of(field(object, "amount"), currency),
    ["template.customer_name"] = text(field(field(object, "billing_details"), "name")),
    ["template.city"] = text(field(field(field(object, "billing_details"), "address"), "city")),
    ["template.currency"] = currency and currency:upper(),
    ["meta.charge_id"] = text(field(object, "id")),
  }
end

local function testimonial(data)
  local author = field(data, "author")
  return {
    ["template.customer_name"] = text(field(author, "name")) or text(field(data, "author_name")),
    ["template.company"] = text(field(author, "company")),
    ["template.quote"] = text(field(data, "text")) or text(field(data, "transcript")),
    ["template.rating"] = field(data, "rating"),
    ["template.video_url"] = text(field(data, "video_url")),
  }
end

-- What most senders call a name and a message; better than nothing, and marked as a guess.
local function unknown(data)
  return {
    ["template.customer_name"] = text(field(data, "customer_name")) or text(field(data, "name"))
      or full_name(field(data, "customer")) or text(field(field(data, "user"), "name")),
    ["template.message"] = text(field(data, "message")) or text(field(data, "title")),
    ["meta.fallback"] = true,
  }
end

local by_provider = {
  shopify = shopify,
  stripe = stripe,
  testimonial = testimonial,
  testimonial_form = testimonial,
  testimonial_video = testimonial,
}

-- "2025-01-15 10:30:00.5+00" as PostgreSQL prints it in UTC → "2025-01-15T10:30:00.5Z"
local function iso(at)
  local gap = at and at:find(" ", 1, true)
  if not gap then return at end -- "infinity"
  local utc = at:sub(-3) == "+00"
  return at:sub(1, gap - 1) .. "T" .. at:sub(gap + 1, utc and -4 or -1) .. (utc and "Z" or "")
end

local function event_type(row, data)
  if row.integration_type == "stripe" and text(field(data, "type")) then return field(data, "type") end
  return text(row.event_type) or "unknown"
end

---The canonical form of an event.
---@param row table   id, integration_type, event_type, event_data, created_at of public.events
---@return table      canonical_event; payload is event_data itself, never a copy
local function normalize(row)
  local data = row.event_data
  local provider = text(row.integration_type) or "unknown"
  local normalized = (by_provider[provider] or unknown)(data)
  normalized["meta.provider"] = provider
  return {
    event_id = tostring(row.id),
    provider = provider,
    provider_event_type = event_type(row, data),
    timestamp = iso(row.created_at),
    payload = data == nil and json.null or data, -- event_data is NOT NULL: nil is JSON's null
    normalized = normalized,
  }
end

return normalize
