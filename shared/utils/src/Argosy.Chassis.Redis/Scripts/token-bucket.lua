-- KEYS[1]: the bucket. ARGV: its size, tokens a second, tokens wanted.
-- Gives whether they were taken, the tokens left, and after how many microseconds they would be there. Redis's clock is everybody's.
local size, rate, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]) / 1000000, tonumber(ARGV[3])
local time = redis.call('time')
local now = time[1] * 1000000 + time[2]
local bucket = redis.call('hmget', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1]) or size, tonumber(bucket[2]) or now
tokens = math.min(size, tokens + math.max(0, now - at) * rate)
local taken, wait = 0, 0
if tokens >= wanted then
  tokens = tokens - wanted
  taken = 1
else
  wait = math.ceil((wanted - tokens) / rate)
end
redis.call('hset', KEYS[1], 'tokens', string.format('%.17g', tokens), 'at', string.format('%.0f', now))
redis.call('pexpire', KEYS[1], math.ceil((size - tokens) / rate / 1000) + 1000)
return {taken, math.floor(tokens), wait}
