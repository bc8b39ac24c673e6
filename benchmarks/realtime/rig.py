"""The processes of a measurement: Redis, one server on a core of its own, the generator and the publisher on another.

Everything is pinned. The generator looks at its sockets every 250 us instead of sleeping in epoll_wait: in a virtual
machine, waking the other core for each frame would cost the server more than the sending. Times it by 125 us too long.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

from benchmarks.realtime.names import STAFF_TOKEN, VISITOR_TOKEN, hello

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SERVER_CORE, CLIENT_CORE = 0, 1
NICE = -10  # where that is allowed: other work on the machine then waits for this
START_S = 20.0
_TICKS = os.sysconf("SC_CLK_TCK")


class MissingError(RuntimeError):
    """Something that a measurement needs is not installed."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to measure. `{port}` and `{redis}` in the command are filled in; `needs`: Python modules or programs."""

    name: str
    command: tuple[str, ...]
    publisher: str
    client: tuple[str, ...]
    needs: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def missing(self) -> str | None:
        """Return what is not installed, None when all is there."""
        for need in self.needs:
            if need.startswith("node:"):
                if not (HERE / "peers" / "node_modules" / need.removeprefix("node:")).is_dir():
                    return f"{need.removeprefix('node:')} (npm install in benchmarks/realtime/peers)"
            elif importlib.util.find_spec(need) is None and shutil.which(need) is None:
                return need
        return None


def _uvicorn(app: str) -> tuple[str, ...]:
    options = ("--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio")
    address = ("--host", "127.0.0.1", "--port", "{port}", "--backlog", "4096", "--log-level", "warning")
    return (sys.executable, "-m", "uvicorn", *address, *options, "--no-access-log", app)


_SOCKETIO = ("-m", "sio", "-u", "/socket.io/?EIO=4&transport=websocket&g=%d")
_OWN = ("-u", "/ws/chat", "-S", hello(VISITOR_TOKEN), "-U", "/ws/agent", "-V", hello(STAFF_TOKEN))
KNOWN = ("-m", "assistify", "-u", "/ws/chat", "-S", hello(VISITOR_TOKEN, resumes=False))
"""Clients of Assistify that have a token and nothing to resume."""
_CHANNELS = "channels_app:application"
PEERS = (
    Peer(
        "assistify",
        (sys.executable, "-m", "benchmarks.realtime.server", "{port}", "{redis}"),
        "assistify",
        ("-m", "assistify", *_OWN),
    ),
    Peer(
        "socketio",
        ("node", "socketio_server.js"),
        "socketio",
        _SOCKETIO,
        ("node", "node:socket.io", "node:redis", "node:@socket.io/redis-adapter"),
    ),
    Peer("python-socketio", _uvicorn("socketio_app:application"), "python-socketio", _SOCKETIO, ("socketio",)),
    Peer("channels", _uvicorn(_CHANNELS), "channels", ("-u", "/ws/%d"), ("channels", "channels_redis")),
    Peer(
        "channels-daphne",
        (sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "-v", "0", _CHANNELS),
        "channels",
        ("-u", "/ws/%d"),
        ("channels", "channels_redis", "daphne"),
    ),
)


def build_generator(folder: Path) -> Path:
    """Compile wsload.c.

    Raises: MissingError without a C compiler.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise MissingError("the load generator is compiled at run time: install a C compiler")
    binary = folder / "wsload"
    subprocess.run([compiler, "-O2", "-o", str(binary), str(HERE / "wsload.c")], check=True)
    return binary


def free_port() -> int:
    """Return a port of the loopback that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_of(pid: int, *, ended_children: bool = False) -> tuple[float, float]:
    """Return the user and system seconds of a process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    if ended_children:
        user, system = user + int(fields[13]), system + int(fields[14])
    return user / _TICKS, system / _TICKS


def pss_kib(pid: int) -> int:
    """Return the memory of a process, shared pages by their share."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError("the kernel tells no Pss")


def _pin(core: int) -> None:
    os.sched_setaffinity(0, {core})
    if os.geteuid() == 0:
        os.setpriority(os.PRIO_PROCESS, 0, NICE)


def start(core: int, command: Sequence[str], **options: Any) -> subprocess.Popen[str]:
    """Start a process on one core, in a session of its own, so that the kernel's grouping leaves it its priority."""
    pinned = partial(_pin, core)
    process = subprocess.Popen(command, text=True, preexec_fn=pinned, start_new_session=True, **options)
    try:
        if os.geteuid() == 0:
            Path(f"/proc/{process.pid}/autogroup").write_text(str(NICE))
    except OSError:
        pass  # a kernel without groups
    return process


def stop(process: subprocess.Popen[str] | None) -> None:
    """End one process, by force when it does not go."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Rig:
    """A server with its Redis, and the generator. A context manager."""

    def __init__(self, peer: Peer, generator: Path, log: IO[str]) -> None:
        self.peer = peer
        self._generator = generator
        self._log = log
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.redis_port, self.port = free_port(), free_port()
        self._redis: subprocess.Popen[str] | None = None
        self._load: subprocess.Popen[str] | None = None
        self.server: subprocess.Popen[str]
        self.connections = self.groups = 0

    def __enter__(self) -> Rig:
        if shutil.which("redis-server") is None:
            raise MissingError("install redis-server")
        self._redis = start_redis(self.redis_port, self._folder.name)
        is_own = self.peer.name == "assistify"
        environment = {**os.environ, "PORT": str(self.port), "REDIS_PORT": str(self.redis_port), "PYTHONPATH": "."}
        command = [part.format(port=self.port, redis=self.redis_port) for part in self.peer.command]
        self.server = start(
            SERVER_CORE,
            command,
            cwd=ROOT if is_own else HERE / "peers",
            env={**environment, **self.peer.environment},
            stdout=self._log,
            stderr=self._log,
        )
        try:
            wait_for(self.port, self.server)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.disconnect()
        stop(self.server)
        stop(self._redis)
        self._folder.cleanup()

    def cpu(self) -> tuple[float, float]:
        """Return the user and system seconds of the server so far."""
        return cpu_of(self.server.pid)

    def client_cpu(self) -> float:
        """Return the seconds that Redis and the generator took so far."""
        return sum(sum(cpu_of(process.pid)) for process in (self._redis, self._load) if process is not None)

    def memory_kib(self) -> int:
        """Return what the server takes."""
        return pss_kib(self.server.pid)

    def connect(
        self,
        connections: int,
        groups: int,
        *,
        client: Sequence[str] = (),
        stalling: int = 0,
        within_s: float = 90,
    ) -> dict[str, Any]:
        """Open connections, 64 at a time; return the generator's report once all are joined.

        The last `stalling` of them can be told to read no more.
        """
        self.disconnect()
        self.connections, self.groups = connections, groups
        options = ("-p", str(self.port), "-c", str(connections), "-g", str(groups), "-T", str(within_s))
        command = [str(self._generator), *options, *(client or self.peer.client), "-z", str(stalling)]
        self._load = start(CLIENT_CORE, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self._answer()

    def disconnect(self) -> None:
        """End the generator."""
        if self._load is not None:
            stop(self._load)
            for pipe in (self._load.stdin, self._load.stdout):
                if pipe is not None:
                    pipe.close()
            self._load = None
            time.sleep(0.5)

    def ask(self, question: str) -> dict[str, Any]:
        """Ask the generator: reset, report."""
        assert self._load is not None
        assert self._load.stdin is not None
        self._load.stdin.write(question + "\n")
        self._load.stdin.flush()
        return self._answer()

    def publish(self, rate: float, seconds: float) -> dict[str, Any]:
        """Publish for a while; return the publisher's report."""
        return publish(self.peer.publisher, self.redis_port, self.groups, rate, seconds)

    def _answer(self) -> dict[str, Any]:
        assert self._load is not None
        assert self._load.stdout is not None
        line = self._load.stdout.readline()
        if not line:
            raise RuntimeError("the load generator ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


def publish(kind: str, redis_port: int, groups: int, rate: float, seconds: float) -> dict[str, Any]:
    """Run the publisher beside the generator; return its report."""
    command = [sys.executable, "-m", "benchmarks.realtime.publish", kind, str(redis_port), str(groups)]
    process = start(CLIENT_CORE, [*command, str(rate), str(seconds)], cwd=ROOT, stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=seconds * 2 + 30)
    if process.returncode != 0:
        raise RuntimeError("the publisher failed")
    report: dict[str, Any] = json.loads(out)
    return report


def start_redis(port: int, folder: str, core: int = CLIENT_CORE) -> subprocess.Popen[str]:
    """Start a server without persistence and wait for it."""
    options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--loglevel", "warning", "--dir", folder)
    process = start(core, ["redis-server", "--port", str(port), *options], stdout=subprocess.DEVNULL)
    wait_for(port, process)
    return process


def wait_for(port: int, process: subprocess.Popen[str]) -> None:
    """Return when the process listens.

    Raises: RuntimeError.
    """
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{process.args!r} did not come up")
