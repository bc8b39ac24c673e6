"""Which node of a Redis Cluster owns which slot, and where the cluster is to be found at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from redis.crc import REDIS_CLUSTER_HASH_SLOTS as SLOTS
from redis.crc import key_slot

__all__ = ["SCHEMES", "SLOTS", "ClusterUrl", "Node", "SlotMap", "is_cluster", "slot_of"]

SCHEMES = {"redis+cluster": "redis", "rediss+cluster": "rediss"}
DEFAULT_PORT = 6379


@dataclass(frozen=True, slots=True, order=True)
class Node:
    """The address of one server."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ClusterUrl:
    """redis+cluster://[USER:PASSWORD@]HOST:PORT[,HOST:PORT ...][?OPTIONS], with rediss+cluster for TLS.

    One node that answers is enough: it names the others. Credentials and options go for all of them.
    """

    scheme: str
    credentials: str
    seeds: tuple[Node, ...]
    options: str

    @classmethod
    def parse(cls, url: str) -> ClusterUrl:
        """Read the URL.

        Raises: ValueError.
        """
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES:
            raise ValueError(f"expected one of {', '.join(SCHEMES)}, got {parts.scheme!r}")
        credentials, at, hosts = parts.netloc.rpartition("@")
        seeds = []
        for host in hosts.split(","):
            seed = urlsplit(f"//{host}")
            if not seed.hostname:
                raise ValueError("a cluster URL names at least one HOST:PORT, more of them with commas between")
            seeds.append(Node(seed.hostname, seed.port or DEFAULT_PORT))
        return cls(SCHEMES[parts.scheme], credentials + at, tuple(seeds), f"?{parts.query}" if parts.query else "")

    def of(self, node: Node) -> str:
        """Return the URL of a single node."""
        return f"{self.scheme}://{self.credentials}{node}/{self.options}"


def is_cluster(url: str) -> bool:
    """Return whether a URL names a cluster."""
    return url.partition("://")[0] in SCHEMES


def slot_of(key: bytes | str) -> int:
    """Return the slot of a key or channel, by its hash tag where it has one."""
    return int(key_slot(key.encode() if isinstance(key, str) else key))


class SlotMap:
    """The owner of every slot, as one node of the cluster saw it."""

    def __init__(self, owners: Sequence[Node | None]) -> None:
        self._owners = tuple(owners)

    @classmethod
    def read(cls, reply: Iterable[Sequence[Any]], asked: Node) -> SlotMap:
        """Read an answer to CLUSTER SLOTS; a node that names no host of its own is where it was `asked`."""
        owners: list[Node | None] = [None] * SLOTS
        for first, last, master, *_ in reply:
            host = master[0].decode() if isinstance(master[0], bytes) else master[0]
            owner = Node(host if host and host != "?" else asked.host, int(master[1]))
            owners[first : last + 1] = [owner] * (last + 1 - first)
        return cls(owners)

    def owner(self, slot: int) -> Node | None:
        """Return who owns a slot; None when nobody does."""
        return self._owners[slot]

    def with_owner(self, slot: int, node: Node) -> SlotMap:
        """Return the map after one slot moved."""
        owners = list(self._owners)
        owners[slot] = node
        return SlotMap(owners)

    @property
    def nodes(self) -> frozenset[Node]:
        """All nodes that own a slot."""
        return frozenset(node for node in self._owners if node is not None)

    def slots(self, node: Node) -> frozenset[int]:
        """Return the slots of one node."""
        return frozenset(slot for slot, owner in enumerate(self._owners) if owner == node)
