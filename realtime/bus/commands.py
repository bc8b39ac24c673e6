"""Commands to one Redis server: those of one loop turn share a round trip, and turns follow one another in order."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable
from typing import Any, Protocol, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import (
    MasterDownError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import TimeoutError as RedisTimeoutError

BATCH = 256
"""Commands in one round trip: few enough that a batch takes the server about a millisecond."""

Argument = bytes | str | int

# A replica that was a master a moment ago, or a full server, refuses writes: for us it is as good as gone. So does a
# master that misses its replicas, or cannot save; redis-py has no class for these.
_REFUSES_WRITES = ("NOREPLICAS", "MISCONF")
_AWAY = (
    RedisConnectionError,
    RedisTimeoutError,
    OutOfMemoryError,
    MasterDownError,
    OSError,
    TimeoutError,
)


class RedisAwayError(ConnectionError):
    """The server did not answer in time, or cannot do what it was asked now. The command may have been carried out."""


class DemotedError(RedisAwayError):
    """The server is a replica now, and takes no writes; the address may lead to its successor by now."""


class Script:
    """A Lua script and the digest under which the server keeps it."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.sha = hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()


class Commands(Protocol):
    """Commands to a server, or to the servers of a cluster by their keys. Every call is bounded in time."""

    async def execute(self, *command: Argument) -> Any:
        """Carry out one command whose first argument is its key or channel.

        Raises: RedisAwayError; redis.exceptions.ResponseError for what the server refuses.
        """

    async def run(self, script: Script, keys: tuple[Argument, ...], arguments: tuple[Argument, ...]) -> Any:
        """Run a script whose keys are of one slot."""

    async def aclose(self) -> None:
        """Refuse what waits and close; idempotent."""


class RedisCommands:
    """A pipelined client. `timeout_s` bounds every call, connecting and waiting in line included.

    A command is sent again once when its connection turns out to be dead, so commands must bear being applied twice.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        # No socket timeout of its own (redis-py >= 8 sets 5 s): the bound is on the whole call.
        self._redis = Redis.from_url(
            url,
            protocol=2,
            decode_responses=False,
            socket_timeout=None,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
        self._waiting: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]] = []
        self._sender: asyncio.Task[None] | None = None
        self._closed = False

    async def execute(self, *command: Argument) -> Any:
        """Carry out one command.

        Raises: RedisAwayError, DemotedError; redis.exceptions.ResponseError for what the server refuses.
        """
        if self._closed:
            raise RedisAwayError("this client is closed")
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all())
        try:
            async with asyncio.timeout(self._timeout_s):
                return await answer
        except ReadOnlyError as error:
            raise DemotedError("the Redis server is a replica now") from error
        except _AWAY as error:
            raise RedisAwayError(f"Redis is away: {type(error).__name__}") from error
        except ResponseError as error:
            if not str(error).startswith(_REFUSES_WRITES):
                raise
            raise RedisAwayError("Redis refuses writes") from error

    async def run(self, script: Script, keys: tuple[Argument, ...], arguments: tuple[Argument, ...]) -> Any:
        """Run a script by its digest, by its source when the server does not know it (after a restart)."""
        try:
            return await self.execute("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self.execute("EVAL", script.source, len(keys), *keys, *arguments)

    async def aclose(self) -> None:
        """Refuse what waits and close the connection; idempotent."""
        self._closed = True
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        for _, answer in self._waiting:
            if not answer.done():
                answer.set_exception(RedisAwayError("this client is closed"))
        self._waiting.clear()
        await self._redis.aclose()

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
                batch = [entry for entry in batch if not entry[1].done()]  # its caller gave up
                if batch:
                    await self._send(batch)
        finally:
            self._sender = None

    async def _send(self, batch: list[tuple[tuple[Argument, ...], asyncio.Future[Any]]]) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                results = await self._round_trip([command for command, _ in batch])
        except (RedisError, OSError, TimeoutError) as error:
            results = [error] * len(batch)
        if any(isinstance(result, ReadOnlyError) for result in results):
            await self._redis.connection_pool.disconnect()  # the address may lead to another server by now
        for (_, answer), result in zip(batch, results, strict=True):
            if answer.done():
                continue
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)

    async def _round_trip(self, commands: list[tuple[Argument, ...]]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            return await cast(Awaitable[list[Any]], pipeline.execute(raise_on_error=False))
