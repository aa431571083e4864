-- What the style checks share: which files there are, C without its comments and strings, and complaints.
local source = {}

local SKIPPED = { "node_modules", "dist", "build*", ".git" }

--- Paths below root (relative to it) in these folders whose names match one of the shell patterns, sorted.
---@param root string
---@param folders string[]
---@param names string[]  for example "*.c"
---@return string[]
function source.files(root, folders, names)
  local prunes, wanted, where = {}, {}, {}
  for _, name in ipairs(SKIPPED) do prunes[#prunes + 1] = ("-name '%s'"):format(name) end
  for _, name in ipairs(names) do wanted[#wanted + 1] = ("-name '%s'"):format(name) end
  for _, folder in ipairs(folders) do where[#where + 1] = ("'%s/%s'"):format(root, folder) end
  local command = ("find %s \\( -type d \\( %s \\) -prune \\) -o -type f \\( %s \\) -print 2>/dev/null"):format(
    table.concat(where, " "), table.concat(prunes, " -o "), table.concat(wanted, " -o "))
  local paths = {}
  local pipe <close> = assert(io.popen(command))
  for path in pipe:lines() do paths[#paths + 1] = path:sub(#root + 2) end
  table.sort(paths)
  return paths
end

function source.read(root, path)
  local file <close> = assert(io.open(root .. "/" .. path, "rb"))
  return file:read("a")
end

--- The lines of a text, without their line ends.
function source.lines(text)
  local lines = {}
  for line in (text:gsub("\n$", "") .. "\n"):gmatch("(.-)\n") do lines[#lines + 1] = line end
  return lines
end

--- C code with comments, texts and characters blanked out, line by line in place.
function source.bare_c(text)
  local parts, at = {}, 1
  local function blank(piece) return (piece:gsub("[^\n]", " ")) end
  while at <= #text do
    local from, to
    local two = text:sub(at, at + 1)
    if two == "/*" then
      from, to = text:find("*/", at + 2, true)
      to = to or #text
    elseif two == "//" then
      to = (text:find("\n", at, true) or #text + 1) - 1
    elseif text:find("^[\"']", at) then
      local quote, scan = text:sub(at, at), at + 1
      while scan <= #text and text:sub(scan, scan) ~= quote do
        scan = scan + (text:sub(scan, scan) == "\\" and 2 or 1)
      end
      to = scan
    end
    if to then
      parts[#parts + 1] = blank(text:sub(at, to))
    else
      to = (text:find("[/\"']", at + 1) or #text + 1) - 1
      parts[#parts + 1] = text:sub(at, to)
    end
    at = to + 1
  end
  return table.concat(parts)
end

local complaints = 0

--- Prints one complaint, as compilers do.
function source.complain(path, line, format, ...)
  complaints = complaints + 1
  print(("%s:%d: %s"):format(path, line, format:format(...)))
end

--- Ends the check: failed when anything was complained about, or when it looked at nothing.
function source.finish(seen, what)
  print(("%d %s looked at, %d complaint%s"):format(seen, what, complaints, complaints == 1 and "" or "s"))
  os.exit(complaints == 0 and seen > 0)
end

return source
