"""What a test run leaves behind when it is ended from outside: nothing."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import subprocess, sys
from tests.fixtures.reaper import guard, release
children = [subprocess.Popen(["sleep", "600"], start_new_session=group) for group in (True, False, True)]
for child in children:
    guard(child.pid)
children[2].kill()
children[2].wait()
release(children[2].pid)
print(*(child.pid for child in children[:2]), flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux to see the end of others' children")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_servers_of_a_run_that_is_killed_die_with_it(how: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    run = subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    children = [int(pid) for pid in run.stdout.readline().split()]
    assert len(children) == 2
    pidfds = [os.pidfd_open(pid) for pid in children]
    os.kill(children[1], signal.SIGSTOP)
    run.send_signal(how)
    run.communicate()
    for pidfd in pidfds:
        _wait(pidfd)
        os.close(pidfd)


def _wait(pidfd: int) -> None:
    """Return once the process has ended."""
    readable, _, _ = select.select([pidfd], [], [], 10)
    assert readable, "a server outlived its test run"
