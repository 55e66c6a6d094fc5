-- KEYS: the versions of names. ARGV: a fresh version, how long it lives (ms), the channel, the names.
for i = 1, #KEYS do
  redis.call('set', KEYS[i], ARGV[1], 'px', ARGV[2])
end
redis.call('publish', ARGV[3], ARGV[4])
return #KEYS
