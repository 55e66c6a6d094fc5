-- KEYS: the entry, then the versions of its names. ARGV: the versions before the value was read, the value, its life (ms).
-- Stores nothing where a name has another version by now. A version outlives what is stored under it.
local versions = {}
for i = 2, #KEYS do
  versions[i - 1] = redis.call('get', KEYS[i]) or ''
end
if table.concat(versions, ',') ~= ARGV[1] then
  return 0
end
for i = 2, #KEYS do
  redis.call('pexpire', KEYS[i], 2 * ARGV[3], 'GT')
end
redis.call('set', KEYS[1], ARGV[1] .. '\n' .. ARGV[2], 'px', ARGV[3])
return 1
