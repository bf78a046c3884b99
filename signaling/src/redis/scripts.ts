/**
 * The steps that Redis does as one: nothing comes between the lines of a script. Keys, below the name of the space:
 *
 *   leases            sorted set: process by the time until which it counts as alive, in Redis's milliseconds
 *   ready             set: processes all of whose members are in Redis
 *   dead              set: processes whose members are being removed
 *   process:P         hash: client of process P -> "address room"
 *   rooms             set: names of the rooms that have members
 *   room:R            set: the addresses in room R, for SRANDMEMBER
 *   seats:R           hash: address -> "process token since client"
 *   door:P            hash: block of addresses -> connections that process P has from it
 *   connects:B        hash: the token bucket of new connections from block B; expires when it is full
 *   messages:B        the same for messages
 *
 * "since" is Redis's time at the join; of two seats at one address the later one counts. Most keys are computed in the
 * scripts, so the space has to be in one Redis: a cluster would refuse them.
 */
import { defineScript } from "redis";

/**
 * Arguments: space, process, and the time of Redis after which the caller has given up. A script that comes later does
 * nothing: so a call that was rejected has no effect afterwards.
 */
const HEAD = `
local space, process, deadline = ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function key(...) return table.concat({space, ...}, ':') end
local leases, ready, dead, rooms = key('leases'), key('ready'), key('dead'), key('rooms')

local function seatOf(client, owner)
  local at = redis.call('HGET', key('process', owner), client)
  if at then return string.match(at, '^(%S+) (%S+)$') end
end

local function unseat(client, owner)
  local address, room = seatOf(client, owner)
  if not address then return end
  redis.call('HDEL', key('process', owner), client)
  redis.call('HDEL', key('seats', room), address)
  redis.call('SREM', key('room', room), address)
  if redis.call('EXISTS', key('room', room)) == 0 then redis.call('SREM', rooms, room) end
end

local function holderOf(room, address)
  local holder = redis.call('HGET', key('seats', room), address)
  if holder then return string.match(holder, '^(%S+) (%S+) (%S+) (.+)$') end
end

local function seat(client, address, room, token, since)
  local owner, _, _, stale = holderOf(room, address)
  if owner then unseat(stale, owner) end
  unseat(client, process)
  redis.call('HSET', key('process', process), client, address .. ' ' .. room)
  redis.call('HSET', key('seats', room), address, table.concat({process, token, since, client}, ' '))
  redis.call('SADD', key('room', room), address)
  redis.call('SADD', rooms, room)
end

-- SRANDMEMBER gives all of a small room, and of a large one a set that is only nearly uniform: it favours members by
-- their place in the hash table. A shuffle makes a sample of the first exactly uniform, and of the second nearly.
local function others(room, address, max, roll)
  local drawn = redis.call('SRANDMEMBER', key('room', room), 257)
  for i, other in ipairs(drawn) do
    if other == address then
      table.remove(drawn, i)
      break
    end
  end
  math.randomseed(roll)
  local sample = {}
  for i = 1, math.min(max, #drawn) do
    local j = math.random(i, #drawn)
    drawn[i], drawn[j] = drawn[j], drawn[i]
    sample[i] = drawn[i]
  end
  return sample
end
`;

/** Calls on behalf of members: until Redis has all members of this process, it can't tell who is outside. */
const CALL = `${HEAD}
if now > deadline then return {'late'} end
if redis.call('SISMEMBER', ready, process) == 0 then return {'lost'} end
`;

/** A token bucket in a hash. Takes nothing where less than the least would be left, and tells what is left or would be. */
const BUCKET = `
local function spend(name, burst, perSecond, count, least)
  local tokens, at = unpack(redis.call('HMGET', name, 'tokens', 'at'))
  local left = math.min(burst, (tonumber(tokens) or burst) + (now - (tonumber(at) or now)) / 1000 * perSecond) - count
  if least < 0 then left = math.max(left, least) end
  if left < least then return left end
  redis.call('HSET', name, 'tokens', tostring(left), 'at', string.format('%d', now))
  redis.call('PEXPIRE', name, math.ceil((burst - left) / math.max(perSecond, 0.001) * 1000) + 1000)
  return left
end
`;

const script = (text: string) =>
  defineScript({
    SCRIPT: text,
    NUMBER_OF_KEYS: 0,
    parseCommand: (parser, args: readonly string[]) => parser.push(...args),
    transformReply: (reply: unknown) => reply as readonly unknown[],
  });

export const SCRIPTS = {
  /** client, address, room, token, members of a full room, size of a sample, random number -> since, others */
  joinRoom: script(`${CALL}
    local client, address, room, token = ARGV[4], ARGV[5], ARGV[6], ARGV[7]
    local _, present = seatOf(client, process)
    local owner, _, since = holderOf(room, address)
    local needsPlace = not owner and present ~= room
    if needsPlace and redis.call('SCARD', key('room', room)) >= tonumber(ARGV[8]) then return {'room-full'} end
    local mine = math.max(now, (tonumber(since) or 0) + 1)
    seat(client, address, room, token, string.format('%d', mine))
    return {'ok', string.format('%d', mine), others(room, address, tonumber(ARGV[9]), tonumber(ARGV[10]))}
  `),

  /** client, size of a sample, random number -> others */
  sampleRoom: script(`${CALL}
    local address, room = seatOf(ARGV[4], process)
    if not address then return {'outside'} end
    return {'ok', others(room, address, tonumber(ARGV[5]), tonumber(ARGV[6]))}
  `),

  /** client, recipient -> the recipient's process and token, or nothing where there is none */
  findMember: script(`${CALL}
    local address, room = seatOf(ARGV[4], process)
    if not address then return {'outside'} end
    local owner, token = holderOf(room, ARGV[5])
    if not owner then return {'ok'} end
    return {'ok', owner, token}
  `),

  /** client. It has no deadline: a leave that comes late is still wanted. */
  leaveRoom: script(`${HEAD}
    unseat(ARGV[4], process)
    return {'ok'}
  `),

  /** -> rooms, members */
  countMembers: script(`${CALL}
    local members = 0
    for _, set in ipairs({redis.call('ZRANGE', leases, 0, -1), redis.call('SMEMBERS', dead)}) do
      for _, owner in ipairs(set) do members = members + redis.call('HLEN', key('process', owner)) end
    end
    return {'ok', redis.call('SCARD', rooms), members}
  `),

  /**
   * lease in ms, members to remove at once -> whether this process is ready, Redis's time, the number of dead processes
   * that have members, the living processes. A process whose own lease had run out declares nobody dead: it was Redis that was away.
   */
  renewLease: script(`${HEAD}
    local validUntil = tonumber(redis.call('ZSCORE', leases, process))
    redis.call('ZADD', leases, now + tonumber(ARGV[4]), process)
    redis.call('SREM', dead, process)
    if validUntil and validUntil >= now then
      for _, owner in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', '(' .. now)) do
        redis.call('ZREM', leases, owner)
        redis.call('SREM', ready, owner)
        redis.call('SADD', dead, owner)
      end
    end
    local left = tonumber(ARGV[5])
    for _, owner in ipairs(redis.call('SMEMBERS', dead)) do
      redis.call('DEL', key('door', owner))
      for _, client in ipairs(redis.call('HRANDFIELD', key('process', owner), left)) do
        unseat(client, owner)
        left = left - 1
      end
      if redis.call('EXISTS', key('process', owner)) == 0 then redis.call('SREM', dead, owner) end
      if left <= 0 then break end
    end
    local alive = redis.call('ZRANGE', leases, 0, -1)
    return {redis.call('SISMEMBER', ready, process), now, redis.call('SCARD', dead), alive}
  `),

  /** After everything was restored. */
  setReady: script(`${HEAD}
    redis.call('SADD', ready, process)
    return {'ok'}
  `),

  /** -> the clients that Redis takes for members of this process */
  listMembers: script(`${HEAD}
    return redis.call('HKEYS', key('process', process))
  `),

  /** client, address, room, token, since; any number of times -> the clients whose address a later join has taken */
  restoreMembers: script(`${HEAD}
    local lost = {}
    for i = 4, #ARGV, 5 do
      local client, address, room, token, since = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
      local owner, _, theirs, holder = holderOf(room, address)
      local isMine = owner == process and holder == client
      if owner and not isMine and tonumber(theirs) > tonumber(since) then
        unseat(client, process)
        table.insert(lost, client)
      else
        seat(client, address, room, token, since)
      end
    end
    return lost
  `),

  /**
   * block, connections that this process has from it with the new one, limits: connections, burst, tokens a second.
   * Counts those of all living processes, and takes a token.
   */
  admitConnection: script(`${CALL}${BUCKET}
    local block, own = ARGV[4], tonumber(ARGV[5])
    local open = own
    for _, owner in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
      if owner ~= process then open = open + tonumber(redis.call('HGET', key('door', owner), block) or 0) end
    end
    if open > tonumber(ARGV[6]) then return {'too-many-connections'} end
    if spend(key('connects', block), tonumber(ARGV[7]), tonumber(ARGV[8]), 1, 0) < 0 then return {'too-fast'} end
    redis.call('HSET', key('door', process), block, own)
    return {'ok'}
  `),

  /** block, connections; any number of times */
  setConnections: script(`${HEAD}
    for i = 4, #ARGV, 2 do
      if ARGV[i + 1] == '0' then redis.call('HDEL', key('door', process), ARGV[i])
      else redis.call('HSET', key('door', process), ARGV[i], ARGV[i + 1]) end
    end
    return {'ok'}
  `),

  /** Before all are set anew. */
  forgetConnections: script(`${HEAD}
    redis.call('DEL', key('door', process))
    return {'ok'}
  `),

  /** block, messages, burst, tokens a second -> tokens left; fewer than none where the processes spent too much */
  spendMessages: script(`${CALL}${BUCKET}
    local burst = tonumber(ARGV[6])
    local left = spend(key('messages', ARGV[4]), burst, tonumber(ARGV[7]), tonumber(ARGV[5]), -burst)
    return {'ok', math.floor(left)}
  `),

  /** members to remove at once -> whether members are left. The process ends, and waits for no lease to run out. */
  endProcess: script(`${HEAD}
    redis.call('ZREM', leases, process)
    redis.call('SREM', ready, process)
    redis.call('DEL', key('door', process))
    for _, client in ipairs(redis.call('HRANDFIELD', key('process', process), tonumber(ARGV[4]))) do
      unseat(client, process)
    end
    return {redis.call('EXISTS', key('process', process))}
  `),
};
