"""Commands to a Redis Cluster: each goes to the node that owns its key, in one pipeline per node.

Nodes answer for themselves: one that is away or frozen delays nobody's commands but those to its own slots.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from redis.exceptions import AskError, ClusterDownError, MovedError, NoScriptError, ResponseError, TryAgainError

from realtime.bus.cluster_map import ClusterUrl, Node, SlotMap, is_cluster, slot_of
from realtime.bus.commands import Argument, Commands, RedisAwayError, RedisCommands, Script

AGAIN_S = 0.02
"""Between two attempts while a slot moves or the cluster elects a master."""

REFRESH_S = 0.1
"""Between two readings of the map: while a shard is away, every command to it asks for one."""

OTHERS_S = 0.05
"""How long the other nodes are waited for, once one has told its map: the one with the highest epoch is believed."""


class Topology:
    """The slot map of a cluster, kept up by what nodes say, and a connection for commands to each node."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self.url = ClusterUrl.parse(url)
        self._timeout_s = timeout_s
        self._nodes: dict[Node, RedisCommands] = {}
        self._map: SlotMap | None = None
        self._refreshing: asyncio.Task[SlotMap] | None = None
        self._next_refresh = 0.0
        self._closed = False
        self.on_change: Callable[[], None] = _nothing

    @property
    def known(self) -> SlotMap | None:
        """The map as it was read last."""
        return self._map

    async def owner(self, slot: int) -> Node:
        """Return who owns a slot.

        Raises: RedisAwayError when nobody does, or no node could be asked.
        """
        slots = self._map or await self.refresh()
        owner = slots.owner(slot)
        if owner is None:
            self.refresh_soon()
            raise RedisAwayError(f"no node of the cluster owns slot {slot}")
        return owner

    def commands(self, node: Node) -> RedisCommands:
        """Return the connection to a node."""
        if self._closed:
            raise RedisAwayError("this client is closed")
        known = self._nodes.get(node)
        if known is None:
            known = self._nodes[node] = RedisCommands(self.url.of(node), timeout_s=self._timeout_s)
        return known

    def moved(self, slot: int, node: Node) -> None:
        """Take in what a node said about one slot; the rest is read again."""
        if self._map is not None and self._map.owner(slot) != node:
            self._map = self._map.with_owner(slot, node)
            self.on_change()
        self.refresh_soon()

    def refresh_soon(self) -> None:
        """Read the map again, in the background."""
        if self._refreshing is None and not self._closed:
            self._refreshing = asyncio.create_task(self._refresh())
            self._refreshing.add_done_callback(_look_at)

    async def refresh(self) -> SlotMap:
        """Read the map again; callers at the same time share one reading.

        Raises: RedisAwayError.
        """
        self.refresh_soon()
        if self._refreshing is None:
            raise RedisAwayError("this client is closed")
        try:
            return await asyncio.shield(self._refreshing)
        except asyncio.CancelledError:
            if self._closed:
                raise RedisAwayError("this client is closed") from None
            raise

    async def aclose(self) -> None:
        """Close all connections; idempotent."""
        self._closed = True
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)
        for commands in self._nodes.values():
            await commands.aclose()

    async def _refresh(self) -> SlotMap:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(max(0.0, self._next_refresh - loop.time()))
            nodes = {*self.url.seeds, *(self._map.nodes if self._map is not None else ())}
            asking = {asyncio.create_task(self._ask(node)) for node in nodes}
            answers: list[tuple[int, SlotMap]] = []
            try:
                while asking:
                    wait_s = OTHERS_S if answers else self._timeout_s
                    done, asking = await asyncio.wait(asking, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
                    answers += [answer for task in done if (answer := task.result()) is not None]
                    if not done:
                        break
            finally:
                for task in asking:
                    task.cancel()
            if not answers:
                raise RedisAwayError("no node of the cluster answers")
            _, self._map = max(answers, key=lambda answer: answer[0])
            await self._forget_others()
        finally:
            self._next_refresh = loop.time() + REFRESH_S
            self._refreshing = None
        self.on_change()
        return self._map

    async def _ask(self, node: Node) -> tuple[int, SlotMap] | None:
        """Return the epoch that a node knows and its map; None when it does not answer or owns to knowing nothing."""
        try:
            commands = self.commands(node)
            info, slots = await asyncio.gather(
                commands.execute("CLUSTER", "INFO"), commands.execute("CLUSTER", "SLOTS")
            )
        except (RedisAwayError, ResponseError):
            return None
        lines = dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
        return (int(lines["cluster_current_epoch"]), SlotMap.read(slots, node)) if slots else None

    async def _forget_others(self) -> None:
        """Close connections to nodes that own nothing any more."""
        assert self._map is not None
        for node in set(self._nodes) - self._map.nodes - set(self.url.seeds):
            await self._nodes.pop(node).aclose()


class ClusterCommands:
    """Commands by key. `timeout_s` bounds every call, redirections included; commands must bear being applied twice."""

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self.topology = Topology(url, timeout_s=timeout_s)
        self._timeout_s = timeout_s

    async def execute(self, *command: Argument) -> Any:
        """Carry out one command whose first argument is its key or channel.

        Raises: RedisAwayError; redis.exceptions.ResponseError for what the server refuses.
        """
        return await self._at_owner(command[1], command)

    async def run(self, script: Script, keys: tuple[Argument, ...], arguments: tuple[Argument, ...]) -> Any:
        """Run a script by its digest, by its source where the node does not know it; all keys are of one slot."""
        try:
            return await self._at_owner(keys[0], ("EVALSHA", script.sha, len(keys), *keys, *arguments))
        except NoScriptError:
            return await self._at_owner(keys[0], ("EVAL", script.source, len(keys), *keys, *arguments))

    async def aclose(self) -> None:
        """Close all connections; idempotent."""
        await self.topology.aclose()

    async def _at_owner(self, key: Argument, command: tuple[Argument, ...]) -> Any:
        slot = slot_of(key if isinstance(key, bytes) else str(key))
        try:
            async with asyncio.timeout(self._timeout_s):
                while True:
                    node = await self.topology.owner(slot)
                    try:
                        return await self._at(node, command)
                    except MovedError as error:
                        self.topology.moved(slot, _redirection(error, node))
                    except (TryAgainError, ClusterDownError):
                        self.topology.refresh_soon()
                        await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            self.topology.refresh_soon()
            raise RedisAwayError("the cluster did not carry it out in time") from None
        except RedisAwayError:
            self.topology.refresh_soon()
            raise

    async def _at(self, node: Node, command: tuple[Argument, ...]) -> Any:
        try:
            return await self.topology.commands(node).execute(*command)
        except MovedError:  # is an AskError too
            raise
        except AskError as error:  # the slot is on its way: the next owner takes a command only right behind ASKING
            commands = self.topology.commands(_redirection(error, node))
            _, answer = await asyncio.gather(commands.execute("ASKING"), commands.execute(*command))
            return answer


def open_commands(url: str, *, timeout_s: float) -> Commands:
    """Return commands to the server or the cluster that the URL names."""
    return ClusterCommands(url, timeout_s=timeout_s) if is_cluster(url) else RedisCommands(url, timeout_s=timeout_s)


def _redirection(error: AskError, asked: Node) -> Node:
    return Node(error.host or asked.host, error.port)


def _look_at(task: asyncio.Task[SlotMap]) -> None:
    """Whoever waits for the map has the failure; nobody may be waiting."""
    if not task.cancelled():
        task.exception()


def _nothing() -> None:
    """Nobody wants to know."""
