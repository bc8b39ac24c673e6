"""Starts processes of Assistify within milliseconds, so that they can be killed as often as a test likes.

It has imported everything and forks a child for each line on its input: the child runs the command of its role as the
shell would, with scripted models. Answers with the child's process id. At the end of the input all children die.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from typing import Any, NoReturn

from app.bootstrap import worker as worker_role
from app.cli import serve
from tests.e2e.faults.scripted import load_scripted_models
from tests.fixtures.shifted_clock import shift_wall_clock


def main() -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children: list[int] = []
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(json.loads(line))
        children.append(child)
        print(child, flush=True)


def _run(order: Mapping[str, Any]) -> NoReturn:
    """Become a process of Assistify."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(order["environment"])
    shift_wall_clock(order["clock_is_off_s"])
    worker_role.load_models = load_scripted_models
    status = 1
    try:
        if order["role"] == "web":
            serve.web(host=None, port=order["port"], demo=False)
        else:
            serve.worker()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # what the parent left open is the parent's to close


if __name__ == "__main__":
    main()
