"""The web role as a process of its own: how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from urllib.error import URLError
from urllib.request import urlopen

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.fixtures.port import free_port

COMMAND = Path(sys.executable).with_name("assistify")
DRAIN = 4000


@contextmanager
def web(folder: Path, port: int, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start `assistify web`; its output is a pipe."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ASSISTIFY_")}
    process = subprocess.Popen(
        [str(COMMAND), "web", "--port", str(port), *arguments],
        env={**inherited, "ASSISTIFY_VAR_DIR": str(folder), "ASSISTIFY_DRAIN_S": "0.5"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until_ready(process: subprocess.Popen[str], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise TimeoutError("the server did not come up")


def close_code(connection: ClientConnection) -> tuple[list[str], int | None]:
    """Read to the end; return the types of the frames and the close code."""
    frames: list[str] = []
    try:
        while True:
            frames.append(json.loads(connection.recv(timeout=60))["type"])
    except ConnectionClosed as closed:
        return frames, closed.rcvd.code if closed.rcvd is not None else None


def test_sigterm_drains_the_sockets_and_exits_well(folder: Path) -> None:
    port = free_port()
    with web(folder, port, "--demo") as process:
        until_ready(process, port)
        url = f"ws://127.0.0.1:{port}/ws/chat"
        with connect(url, subprotocols=[Subprotocol("assistify.v1")], compression=None) as connection:
            connection.send(json.dumps({"type": "hello", "id": "1", "widget_key": "wk_demo"}))
            assert json.loads(connection.recv(timeout=60))["type"] == "welcome"
            process.terminate()
            frames, code = close_code(connection)
        printed, _ = process.communicate(timeout=60)
    assert (frames[0], code) == ("drain", DRAIN)
    assert process.returncode == 0
    assert "Demo shop" in printed
    assert "Traceback" not in printed


def test_a_port_in_use_ends_the_process_with_an_error(folder: Path) -> None:
    with socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with web(folder, listener.getsockname()[1]) as process:
            printed, _ = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert "address already in use" in printed
    assert "is up" not in printed
    assert "Traceback" not in printed
