-- From the single data_source of a campaign to its list data_sources_v2. The cases that nobody can settle by
-- rule go to the review queue with the choices a person has.

local campaigns = {}

local function source(campaign, integration_id)
  return {
    integration_id = integration_id,
    provider = campaign.data_source,
    filters = campaign.integration_settings or json.null,
  }
end

local function only(campaign, integration_id)
  return { data_sources_v2 = json.array { source(campaign, integration_id) } }
end

local without_source = { label = "no data source", set = { data_sources_v2 = json.array {} } }

local function choices_of(campaign, integrations)
  local choices = {}
  for _, integration in ipairs(integrations) do
    choices[#choices + 1] = { label = "integration " .. integration.id, set = only(campaign, integration.id) }
  end
  choices[#choices + 1] = without_source
  return choices
end

---The data sources of a campaign, or why a person has to say.
---@param row table   a row of public.campaigns
---@param db table    read only
---@return any
function campaigns.data_sources(row, db)
  if not row.data_source then
    if row.native_config then return skip "native campaign: it has no data source" end
    return ambiguous("neither data_source nor native_config", { choices = { without_source } })
  end

  local integrations = db:query([[
      SELECT id FROM integrations
       WHERE provider = $1 AND user_id = $2
       ORDER BY id]], row.data_source, row.user_id)

  if row.integration_id then
    for _, integration in ipairs(integrations) do
      if integration.id == row.integration_id then return only(row, integration.id) end
    end
    return ambiguous("its integration is gone", { choices = choices_of(row, integrations) })
  end

  if #integrations == 1 then return only(row, integrations[1].id) end
  if #integrations == 0 then
    return ambiguous("no integration matches " .. row.data_source, { choices = { without_source } })
  end
  return ambiguous(#integrations .. " integrations match " .. row.data_source,
    { choices = choices_of(row, integrations) })
end

return campaigns
