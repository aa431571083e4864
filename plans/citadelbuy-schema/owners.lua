-- Who owns an organization: its founder. Where there is none, or more than one, a person chooses among its members.

local owners = {}

local function choices_of(members)
  local choices = {}
  for _, member in ipairs(members) do
    choices[#choices + 1] = { label = member.userId, set = { ownerId = member.userId } }
  end
  return choices
end

---The owner of an organization, or why a person has to say.
---@param row table   a row of public.organizations
---@param db table    read only
---@return any
function owners.owner(row, db)
  local members = db:query([[
      SELECT "userId", "isFounder" FROM organization_members
       WHERE "organizationId" = $1 AND status = 'ACTIVE'
       ORDER BY "isFounder" DESC, id]], row.id)
  local founders = 0
  for _, member in ipairs(members) do
    if member.isFounder then founders = founders + 1 end
  end
  if founders == 1 then return { ownerId = members[1].userId } end
  if #members == 0 then return ambiguous("it has no active member", { choices = {} }) end
  return ambiguous(founders .. " founders", { choices = choices_of(members) })
end

return owners
