-- Our SQL holds nothing that the oldest server we accept (runtime/db/conn.c, README.md) does not know: it fails there when it is
-- parsed, and the tests have one newer version. Usage: lua5.4 oldest.lua ROOT
local root = arg[1]
package.path = root .. "/tests/style/?.lua"
local source = require "source"

--- Functions by the version that brought them; a name of ours in front (json_array in C) is no call of them.
local SINCE = {
  [14] = "bit_count bit_xor date_bin pg_get_statisticsobjdef_columns pg_get_statisticsobjdef_expressions pg_log_backend_memory_contexts pg_wait_for_backend_termination pg_xact_commit_timestamp_origin range_agg range_intersect_agg string_to_table trim_array unistr",
  [15] = "has_parameter_privilege pg_get_publication_tables regexp_count regexp_instr regexp_like regexp_substr",
  [16] = "any_value array_sample array_shuffle date_add date_subtract erf erfc json_arrayagg json_objectagg pg_input_error_info pg_input_is_valid random_normal",
  [17] = "json_exists json_query json_scalar json_serialize json_table json_value merge_action pg_basetype to_bin to_oct xmltext",
  [18] = "array_reverse array_sort casefold crc32 crc32c uuid_extract_timestamp uuidv4 uuidv7",
}

--- What is no function, as a pattern over text without comments, in lower case.
local FORMS = {
  { since = 14, form = "pg_terminate_backend%s*%([^()]*,", what = "pg_terminate_backend with a time to wait" },
  { since = 14, form = "create%s+or%s+replace%s+trigger", what = "CREATE OR REPLACE TRIGGER" },
  { since = 14, form = "begin%s+atomic", what = "BEGIN ATOMIC" },
  { since = 14, form = "pg_stat_wal%f[^%w_]", what = "pg_stat_wal" },
  { since = 14, form = "%.waitstart%f[^%w_]", what = "pg_locks.waitstart" },
  { since = 14, form = "%.query_id%f[^%w_]", what = "pg_stat_activity.query_id" },
  { since = 14, form = "%.attcompression%f[^%w_]", what = "pg_attribute.attcompression" },
  { since = 15, form = "%f[%w_]merge%s+into", what = "MERGE" },
  { since = 15, form = "nulls%s+not%s+distinct", what = "NULLS NOT DISTINCT" },
  { since = 15, form = "indnullsnotdistinct", what = "pg_index.indnullsnotdistinct" },
  { since = 15, form = "pg_publication_namespace", what = "pg_publication_namespace" },
  { since = 15, form = "%.prqual%f[^%w_]", what = "pg_publication_rel.prqual" },
  { since = 15, form = "%.datlocprovider%f[^%w_]", what = "pg_database.datlocprovider" },
  { since = 16, form = "pg_stat_io%f[^%w_]", what = "pg_stat_io" },
  { since = 17, form = "pg_stat_checkpointer", what = "pg_stat_checkpointer" },
}

local function least()
  local number = source.read(root, "runtime/db/conn.c"):match("SERVER_VERSION_LEAST%s*=%s*(%d+)0000")
  return tonumber(number) or error("runtime/db/conn.c does not say SERVER_VERSION_LEAST")
end

--- Blanks instead of comments, so that lines stay where they are.
local function bare(text)
  return (text:gsub("%-%-[^\n]*", function(comment) return (" "):rep(#comment) end):lower())
end

local function line_at(text, at) return select(2, text:sub(1, at):gsub("\n", "")) + 1 end

local oldest = least()
local paths = source.files(root, { "runtime" }, { "*.sql" })
for _, path in ipairs(paths) do
  local text = bare(source.read(root, path))
  local function look(pattern, what, since)
    local at = since > oldest and text:find(pattern)
    if at then source.complain(path, line_at(text, at), "%s: only since PostgreSQL %d, and %d is accepted", what, since, oldest) end
  end
  for since, names in pairs(SINCE) do
    for name in names:gmatch("%S+") do look("%f[%w_]" .. name .. "%s*%(", name, since) end
  end
  for _, form in ipairs(FORMS) do look(form.form, form.what, form.since) end
end
source.finish(#paths, "statements")
