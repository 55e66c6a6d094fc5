-- KEYS: for each name its version, and the entry that has it as its key, if there is one.
-- ARGV: a fresh version, how long it lives (ms), the channel, the names.
for i = 1, #KEYS, 2 do
  redis.call('set', KEYS[i], ARGV[1], 'px', ARGV[2])
  redis.call('unlink', KEYS[i + 1])
end
redis.call('publish', ARGV[3], ARGV[4])
return #KEYS / 2
