"""The live reply in Lua: each script is one atomic step on one slot, and publishes within it.

KEYS: 1 the record, 2 the channel of the conversation (in the same slot, because of the hash tag).
The record is one hash, so that it expires and is evicted as a whole:
  m e a   message (16 bytes), epoch, attempt of the owner
  w       the server that has seen the whole text from its first token, by its run id; empty once it was restored
  t i f   text (UTF-8), ids (32-bit big endian each), f is there once the reply is finished
  fe fc   the highest epoch fence and its cut id (16 bytes); pe pc the one below it, which an uncut brings back
  s       fences of single messages, oldest first: message and cut id, 16 bytes each
Answers: {0, ...} done, {1} unknown, {2, epoch, cut id or ''} fenced. Frames come ready made: no script parses them.
BEGIN, APPEND and ASK are made for the way the bus publishes: by a command of the server, within the step, or, on a bus
that the server does not know, by the caller, whom a field of their answers tells whether there is something to send.
"""

from __future__ import annotations

from dataclasses import dataclass

from realtime.bus.commands import Script

DONE, UNKNOWN, FENCED = 0, 1, 2

_CUT_OVER = """
local function cut_over(fence_epoch, fence_cut, stops, message, epoch)
  if fence_epoch and epoch < tonumber(fence_epoch) then
    return {2, tonumber(fence_epoch), fence_cut}
  end
  for at = 1, #(stops or ''), 32 do
    if string.sub(stops, at, at + 15) == message then
      return {2, epoch, string.sub(stops, at + 16, at + 31)}
    end
  end
  return nil
end
"""

_WHO = """
local who = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
"""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# ARGV: message, epoch, attempt, text, ids, frame, ttl in ms.
# Answers {0, text, ids, 1 when there is a frame to send, the server's time in ms}.
_BEGIN = (
    _CUT_OVER
    + _NOW
    + _WHO
    + """
local message, epoch, attempt, text, ids = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local fe, fc, s, m, e, a, t, i, w =
  unpack(redis.call('HMGET', KEYS[1], 'fe', 'fc', 's', 'm', 'e', 'a', 't', 'i', 'w'))
local refused = cut_over(fe, fc, s, message, epoch)
if refused then return refused end
e, a = tonumber(e), tonumber(a)
if m and (e > epoch or (m == message and a > attempt)) then return {2, e, ''} end
if m ~= message then
  w = (attempt == 1 and text == '') and who or ''
elseif #text > #t then
  w = ''
end
if m == message and (#t > #text or (#t == #text and #i >= #ids)) then text, ids = t, i end
redis.call('HSET', KEYS[1], 'm', message, 'e', ARGV[2], 'a', ARGV[3], 't', text, 'i', ids, 'w', w or '')
redis.call('HDEL', KEYS[1], 'f')
redis.call('PEXPIRE', KEYS[1], ARGV[7])
if m == message and e == epoch and a == attempt then return {0, text, ids, 0, now} end
redis.call('PUBLISH', KEYS[2], ARGV[6])
return {0, text, ids, 1, now}
"""
)

# ARGV: message, epoch, attempt, start, text, ids, frame, ttl in ms, the last moment (server's time in ms, 0: any).
# Answers {0, end, 1 when there is a frame to send, the server's time in ms}. A server that stood still does what it was
# told before: what comes too late, its caller has given up, and a takeover may have been acknowledged without it.
_APPEND = (
    _CUT_OVER
    + _NOW
    + """
local message, epoch, attempt, start, text = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local fe, fc, s, m, e, a, t, i, f =
  unpack(redis.call('HMGET', KEYS[1], 'fe', 'fc', 's', 'm', 'e', 'a', 't', 'i', 'f'))
local refused = cut_over(fe, fc, s, message, epoch)
if refused then return refused end
if not m or f or (ARGV[9] ~= '0' and now > tonumber(ARGV[9])) then return {1} end
e, a = tonumber(e), tonumber(a)
if m ~= message or e ~= epoch or a ~= attempt then
  if e < epoch or (m == message and a < attempt) then return {1} end
  return {2, e, ''}
end
if start + #text == #t and string.sub(t, start + 1) == text then return {0, #t, 0, now} end
if start ~= #t then return {1} end
redis.call('HSET', KEYS[1], 't', t .. text, 'i', i .. ARGV[6])
redis.call('PEXPIRE', KEYS[1], ARGV[8])
redis.call('PUBLISH', KEYS[2], ARGV[7])
return {0, #t + #text, 1, now}
"""
)

# ARGV: epoch, cut id, message or '', ttl in ms, fences of messages kept. Answers {0} or {0, message, text, ids}.
CUT = Script(
    """
local epoch, cut_id, message = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local fe, fc, pe, s, m, e, t, i =
  unpack(redis.call('HMGET', KEYS[1], 'fe', 'fc', 'pe', 's', 'm', 'e', 't', 'i'))
fe, pe, e = tonumber(fe), tonumber(pe), tonumber(e)
if message ~= '' then
  local kept = {}
  for at = 1, #(s or ''), 32 do
    if string.sub(s, at, at + 15) ~= message then kept[#kept + 1] = string.sub(s, at, at + 31) end
  end
  kept[#kept + 1] = message .. cut_id
  local first = math.max(1, #kept - tonumber(ARGV[5]) + 1)
  redis.call('HSET', KEYS[1], 's', table.concat(kept, '', first))
elseif not fe or epoch >= fe then
  -- Whoever begins a higher epoch has read the lower one committed: only the highest fence can be taken back.
  if fe and epoch > fe then redis.call('HSET', KEYS[1], 'pe', fe, 'pc', fc) end
  redis.call('HSET', KEYS[1], 'fe', epoch, 'fc', cut_id)
elseif not pe or epoch >= pe then
  redis.call('HSET', KEYS[1], 'pe', epoch, 'pc', cut_id)
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
local covers = m and ((message == '' and e < epoch) or m == message)
if covers then return {0, m, t, i} end
return {0}
"""
)

# ARGV: cut id. Answers {1 when it was stored, else 0}.
UNCUT = Script(
    """
local cut_id = ARGV[1]
local fc, pe, pc, s = unpack(redis.call('HMGET', KEYS[1], 'fc', 'pe', 'pc', 's'))
if fc == cut_id then
  redis.call('HDEL', KEYS[1], 'fe', 'fc', 'pe', 'pc')
  if pe then redis.call('HSET', KEYS[1], 'fe', pe, 'fc', pc) end
  return {1}
end
local kept = {}
for at = 1, #(s or ''), 32 do
  if string.sub(s, at + 16, at + 31) ~= cut_id then kept[#kept + 1] = string.sub(s, at, at + 31) end
end
if 32 * #kept == #(s or '') then return {0} end
redis.call('HSET', KEYS[1], 's', table.concat(kept))
return {1}
"""
)

# ARGV: message, frame or ''. Answers {0, who hears it, 1 when this server has the whole text}.
_ASK = (
    _WHO
    + """
local m, w = unpack(redis.call('HMGET', KEYS[1], 'm', 'w'))
local heard = -1
if ARGV[2] ~= '' then heard = redis.call('PUBLISH', KEYS[2], ARGV[2]) end
return {0, heard, (m == ARGV[1] and w == who) and 1 or 0}
"""
)

# ARGV: message, epoch, attempt. Answers {0}, also when the reply is somebody else's.
FINISH = Script(
    _CUT_OVER
    + """
local fe, fc, s, m, e, a = unpack(redis.call('HMGET', KEYS[1], 'fe', 'fc', 's', 'm', 'e', 'a'))
local refused = cut_over(fe, fc, s, ARGV[1], tonumber(ARGV[2]))
if refused then return refused end
if m == ARGV[1] and e == ARGV[2] and a == ARGV[3] then redis.call('HSET', KEYS[1], 'f', '1') end
return {0}
"""
)


@dataclass(frozen=True, slots=True)
class Steps:
    """The scripts that publish."""

    begin: Script
    append: Script
    ask: Script

    @classmethod
    def publishing(cls, command: str) -> Steps:
        """Return the scripts that publish by this command (PUBLISH, SPUBLISH), or leave that to the caller (empty)."""
        return cls(*(Script(_with(source, command)) for source in (_BEGIN, _APPEND, _ASK)))


def _with(source: str, command: str) -> str:
    if command:
        return source.replace("'PUBLISH'", f"'{command}'")
    return "\n".join(line for line in source.splitlines() if "'PUBLISH'" not in line)
