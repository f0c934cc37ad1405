/**
 * The scripts of the commit protocol (docs/explanation/commit-protocol.md). Every key of a call is
 * declared and all of a partition's keys share one hash tag, so they run on one Redis and in Redis
 * Cluster alike. Redis does not undo a script that fails half-way: each check stands before the
 * first write.
 */
import { storySignals } from '@holdpoint/risk'
import { sessionKeptMs } from './lifetimes.ts'
import { metaFields } from './meta.ts'

const fieldNames = metaFields.map((name) => `'${name}'`).join(', ')

/** KEYS: meta, states. Answers the commit id ('' for none), then a value or nil for each state. */
export const loadScript = `
local reply = { redis.call('HGET', KEYS[1], 'commit') or '' }
for first = 2, #KEYS, 1000 do
  local values = redis.call('MGET', unpack(KEYS, first, math.min(first + 999, #KEYS)))
  for i = 1, #values do reply[#reply + 1] = values[i] end
end
return reply
`

/** KEYS: meta, outbox. ARGV: first id of the page, its length. Answers the meta's fields and a page of the outbox. */
export const openScript = `
return {
  redis.call('HMGET', KEYS[1], 'commit', ${fieldNames}),
  redis.call('XRANGE', KEYS[2], ARGV[1], '+', 'COUNT', ARGV[2]),
}
`

/** KEYS: meta, timers. ARGV: due by, at most. Answers the commit id and the subjects by (due, key). */
export const dueScript = `
return {
  redis.call('HGET', KEYS[1], 'commit') or '',
  redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2]),
}
`

/** Where the meta values of `commitScript` begin: behind the two commit ids. */
const metaAt = 3
/** Where the id to trim below stands, and behind it the five counts. */
const trimAt = metaAt + metaFields.length
/** How many arguments stand before the lists. */
const headLength = trimAt + 5
/** Of an outbox entry: its id and six values. */
const entryLength = 7
const metaPairs = metaFields.map((name, i) => `'${name}', ARGV[${metaAt + i}]`).join(', ')

/**
 * KEYS: meta, outbox, timers, states, stories. ARGV: expected and next commit id, the meta values, the id
 * to trim below ('' for none), the counts of outbox entries, timers set, timers removed, stories and
 * signals; then [bytes, seconds] a state, [id, topic, partition, key, value, headers, nulls] an entry,
 * [due, key] a timer set, [key] a timer removed, [number of its story, bytes] a signal. Answers 1 for committed, 0 for stale with nothing written.
 *
 * The outbox must not hold the ids that are about to be added: where it does, it is ahead of the meta,
 * which no commit of ours leaves behind.
 */
export const commitScript = `
local guard = redis.call('HMGET', KEYS[1], 'commit', 'applied')
if (guard[1] or '') ~= ARGV[1] then return 0 end
if guard[2] and tonumber(ARGV[${metaAt}]) < tonumber(guard[2]) then return 0 end

local entries, set, removed = tonumber(ARGV[${trimAt + 1}]), tonumber(ARGV[${trimAt + 2}]), tonumber(ARGV[${trimAt + 3}])
local stories, signals = tonumber(ARGV[${trimAt + 4}]), tonumber(ARGV[${trimAt + 5}])
local states = #KEYS - 3 - stories
local entriesAt = ${headLength} + 2 * states
local setAt = entriesAt + ${entryLength} * entries
local removedAt = setAt + 2 * set
local signalsAt = removedAt + removed
if #ARGV ~= signalsAt + 2 * signals then
  return redis.error_reply('ARITY the counts of a commit do not match its arguments')
end
if entries > 0 and redis.call('EXISTS', KEYS[2]) == 1 then
  local stream = redis.call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #stream, 2 do
    if stream[i] == 'last-generated-id' then
      local offset, index = string.match(stream[i + 1], '^(%d+)-(%d+)$')
      local newOffset, newIndex = string.match(ARGV[entriesAt + 1], '^(%d+)-(%d+)$')
      offset, index = tonumber(offset), tonumber(index)
      newOffset, newIndex = tonumber(newOffset), tonumber(newIndex)
      if newOffset < offset or (newOffset == offset and newIndex <= index) then return 0 end
    end
  end
end

for at = entriesAt + 1, setAt, ${entryLength} do
  redis.call('XADD', KEYS[2], ARGV[at], 't', ARGV[at + 1], 'p', ARGV[at + 2],
    'k', ARGV[at + 3], 'v', ARGV[at + 4], 'h', ARGV[at + 5], 'n', ARGV[at + 6])
end
for i = 1, states do
  local at = ${headLength} + 2 * i
  redis.call('SET', KEYS[3 + i], ARGV[at - 1], 'EX', ARGV[at])
end
for at = setAt + 1, removedAt, 2 do redis.call('ZADD', KEYS[3], ARGV[at], ARGV[at + 1]) end
for at = removedAt + 1, signalsAt do redis.call('ZREM', KEYS[3], ARGV[at]) end
for at = signalsAt + 1, #ARGV, 2 do
  redis.call('RPUSH', KEYS[3 + states + tonumber(ARGV[at])], ARGV[at + 1])
end
for i = 4 + states, #KEYS do
  redis.call('LTRIM', KEYS[i], -${storySignals}, -1)
  redis.call('EXPIRE', KEYS[i], ${sessionKeptMs / 1_000})
end
if ARGV[${trimAt}] ~= '' then redis.call('XTRIM', KEYS[2], 'MINID', ARGV[${trimAt}]) end
redis.call('HSET', KEYS[1], 'commit', ARGV[2], ${metaPairs})
return 1
`
