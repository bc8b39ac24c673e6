"""Presence and typing on Redis: expiry is by the server's clock, so nodes need not agree on the time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from realtime.bus.cluster_commands import open_commands
from realtime.bus.commands import RedisAwayError, Script
from realtime.bus.redis import PREFIX
from realtime.presence import (
    GRACE_S,
    PRESENCE_TTL_S,
    TYPING_TTL_S,
    People,
    PresenceUnavailableError,
    merge_connections,
)
from realtime.protocol.shapes import PresentParticipant

_decoder = msgspec.json.Decoder(PresentParticipant)

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# Returns the participants, each person once, when they are other than was last told, else nil. Of a person's
# connections the first that is online counts, else the first; the order is by kind and id, as in `merge_connections`.
_NEWS = """
local function news(ttl)
  local people, order = {}, {}
  for _, connection in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
    local entry = redis.call('HGET', KEYS[2], connection)
    if entry then
      local person = cjson.decode(entry)
      local name = person.kind .. ':' .. person.id
      local known = people[name]
      if not known then order[#order + 1] = name end
      if not known or (person.state == 'online' and not known.online)
          or (known.online == (person.state == 'online') and entry < known.entry) then
        people[name] = {entry = entry, online = person.state == 'online'}
      end
    end
  end
  table.sort(order)
  local found = {}
  for index, name in ipairs(order) do found[index] = people[name].entry end
  local told = table.concat(found, ',')
  local is_news = (redis.call('GET', KEYS[3]) or '') ~= told
  if told == '' then redis.call('DEL', KEYS[3]) else redis.call('SET', KEYS[3], told, 'PX', ttl) end
  if is_news then return found end
  return false
end
"""

# KEYS: expiry per connection (sorted set), participant per connection (hash), what was last told (string).
# ARGV: connection, participant, ttl in ms.
_TOUCH = Script(
    _NOW
    + _NEWS
    + """
for _, connection in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], connection)
  redis.call('HDEL', KEYS[2], connection)
end
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], 2 * ARGV[3])
redis.call('PEXPIRE', KEYS[2], 2 * ARGV[3])
return news(2 * ARGV[3])
"""
)

# KEYS as above. ARGV: ttl in ms.
_SETTLE = Script(_NOW + _NEWS + "return news(2 * ARGV[1])")

# KEYS: the first of those. ARGV: connection, grace in ms. XX LT: never adds, never prolongs.
_LEAVE = Script(_NOW + "return redis.call('ZADD', KEYS[1], 'XX', 'LT', now + ARGV[2], ARGV[1])")

# KEYS: the first two of those.
_PRESENT = Script(
    _NOW
    + """
local found = {}
for _, connection in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
  found[#found + 1] = redis.call('HGET', KEYS[2], connection)
end
return found
"""
)

# KEYS: expiry per participant (sorted set). ARGV: participant, '1' or '0', ttl in ms.
_SET_TYPING = Script(
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if ARGV[2] == '0' then return redis.call('ZREM', KEYS[1], ARGV[1]) end
local added = redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return added
"""
)

_TYPING = Script(_NOW + "return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')")


def presence_keys(conversation: UUID) -> tuple[str, str, str]:
    """Return the keys of expiries, of participants, and of what was last told."""
    tag = f"{{{conversation}}}"
    return f"{PREFIX}present:{tag}", f"{PREFIX}participants:{tag}", f"{PREFIX}told:{tag}"


def typing_key(conversation: UUID) -> str:
    """Return the key of who is typing."""
    return f"{PREFIX}typing:{{{conversation}}}"


class RedisPresence:
    """Presence on a Redis server or cluster; `timeout_s` bounds every method."""

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = 0.5,
        ttl_s: float = PRESENCE_TTL_S,
        grace_s: float = GRACE_S,
        typing_ttl_s: float = TYPING_TTL_S,
    ) -> None:
        self._commands = open_commands(url, timeout_s=timeout_s)
        self._ttl_ms = int(ttl_s * 1000)
        self._grace_ms = int(grace_s * 1000)
        self._typing_ttl_ms = int(typing_ttl_s * 1000)

    async def touch(self, conversation: UUID, connection: UUID, participant: PresentParticipant) -> People | None:
        """Enter or refresh a connection; see the port."""
        arguments = (connection.bytes, msgspec.json.encode(participant), self._ttl_ms)
        return _people(await self._run(_TOUCH, presence_keys(conversation), arguments))

    async def settle(self, conversation: UUID) -> People | None:
        """Return who is there when that is news; see the port."""
        return _people(await self._run(_SETTLE, presence_keys(conversation), (self._ttl_ms,)))

    async def leave(self, conversation: UUID, connection: UUID) -> None:
        """Let a connection go after the grace time."""
        await self._run(_LEAVE, presence_keys(conversation)[:1], (connection.bytes, self._grace_ms))

    async def participants(self, conversation: UUID) -> People:
        """Return each person once; see the port."""
        found: list[bytes | None] = await self._run(_PRESENT, presence_keys(conversation)[:2], ())
        return merge_connections(_decoder.decode(entry) for entry in found if entry is not None)

    async def set_typing(self, conversation: UUID, participant: UUID, on: bool) -> bool:
        """Start, refresh or stop typing; see the port."""
        arguments = (participant.bytes, int(on), self._typing_ttl_ms)
        changed: int = await self._run(_SET_TYPING, (typing_key(conversation),), arguments)
        return changed == 1

    async def typing(self, conversation: UUID) -> frozenset[UUID]:
        """Return who is typing."""
        found: list[bytes] = await self._run(_TYPING, (typing_key(conversation),), ())
        return frozenset(UUID(bytes=participant) for participant in found)

    async def aclose(self) -> None:
        """Close the connection; idempotent."""
        await self._commands.aclose()

    async def _run(self, script: Script, keys: tuple[str, ...], arguments: tuple[bytes | int, ...]) -> Any:
        try:
            return await self._commands.run(script, keys, arguments)
        except RedisAwayError as error:
            raise PresenceUnavailableError(str(error)) from error


def _people(found: list[bytes] | None) -> People | None:
    return None if found is None else tuple(map(_decoder.decode, found))
