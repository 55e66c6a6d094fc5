-- KEYS: the entry, then the versions of its names. ARGV: a fresh version, how long a new one lives (ms).
-- Gives the versions now, and the entry with what it has left to live (ms) if it was stored under them.
local versions = {}
for i = 2, #KEYS do
  local version = redis.call('get', KEYS[i])
  if not version then
    version = ARGV[1]
    redis.call('set', KEYS[i], version, 'px', ARGV[2])
  end
  versions[i - 1] = version
end
local now = table.concat(versions, ',')
local entry = redis.call('get', KEYS[1])
if entry and string.sub(entry, 1, #now + 1) == now .. '\n' then
  return {now, string.sub(entry, #now + 2), redis.call('pttl', KEYS[1])}
end
return {now}
