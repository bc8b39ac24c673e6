"""Start, watch, stop: what ends a process, and that nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import signal
import subprocess
import sys
import weakref
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from app.lifecycle import (
    EXIT_FORCED,
    BackgroundTask,
    DrainingServer,
    TaskEndedError,
    drain_jobs,
    make_server,
    running,
    serve_web,
    serve_worker,
    tend_memory,
)
from app.settings import Settings


class Watched:
    """A background task that notes its end."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.cancelled = False

    async def run(self) -> None:
        self.started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def fail() -> None:
    raise OSError("the model is gone")


async def end() -> None:
    await asyncio.sleep(0)


def server(folder: Path, drain: Callable[[], Awaitable[None]] = end) -> DrainingServer:
    return make_server(Starlette(), Settings(var_dir=folder, port=0), drain)


async def started(one: DrainingServer) -> None:
    async with asyncio.timeout(30):
        while not one.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)


def causes(group: BaseException) -> list[type[BaseException]]:
    assert isinstance(group, BaseExceptionGroup)
    return [type(error) for error in group.exceptions]


async def test_all_tasks_end_with_the_body() -> None:
    tasks = [Watched(), Watched()]
    async with running([BackgroundTask(str(number), task.run) for number, task in enumerate(tasks)]):
        for task in tasks:
            await task.started.wait()
    assert all(task.cancelled for task in tasks)


@pytest.mark.parametrize(("death", "cause"), [(fail, OSError), (end, TaskEndedError)])
async def test_the_end_of_a_task_ends_the_body_and_the_others(death: Any, cause: type[Exception]) -> None:
    other = Watched()
    with pytest.raises(BaseExceptionGroup) as ended:
        async with asyncio.timeout(30), running([BackgroundTask("other", other.run), BackgroundTask("death", death)]):
            await asyncio.Event().wait()
    assert causes(ended.value) == [cause]
    assert other.cancelled


async def test_an_error_of_the_body_is_kept() -> None:
    task = Watched()

    async def fail_in_the_body() -> None:
        async with running([BackgroundTask("task", task.run)]):
            await task.started.wait()
            raise KeyError("body")

    with pytest.raises(BaseExceptionGroup) as ended:
        await fail_in_the_body()
    assert causes(ended.value) == [KeyError]
    assert task.cancelled


async def test_the_death_of_a_task_stops_the_server(tmp_path: Path) -> None:
    one = server(tmp_path)

    async def die_once_serving() -> None:
        await started(one)
        raise OSError("the model is gone")

    with pytest.raises(BaseExceptionGroup) as ended:
        await asyncio.wait_for(serve_web(one, [BackgroundTask("engine", die_once_serving)]), 30)
    assert causes(ended.value) == [OSError]


async def test_a_signal_drains_and_the_process_goes_on_to_its_end(tmp_path: Path) -> None:
    drained = asyncio.Event()

    async def drain() -> None:
        drained.set()

    one, task = server(tmp_path, drain), Watched()
    serving = asyncio.create_task(serve_web(one, [BackgroundTask("task", task.run)]))
    await started(one)
    signal.raise_signal(signal.SIGTERM)
    await asyncio.wait_for(serving, 30)
    assert drained.is_set()
    assert task.cancelled


async def test_a_second_ctrl_c_does_not_wait_for_the_drain(tmp_path: Path) -> None:
    draining = asyncio.Event()

    async def drain() -> None:
        draining.set()
        await asyncio.sleep(60)

    one = server(tmp_path, drain)
    serving = asyncio.create_task(serve_web(one, []))
    await started(one)
    signal.raise_signal(signal.SIGINT)
    await asyncio.wait_for(draining.wait(), 30)
    signal.raise_signal(signal.SIGINT)
    await asyncio.wait_for(serving, 30)


async def test_a_drain_that_fails_does_not_keep_the_server_up(tmp_path: Path) -> None:
    one = server(tmp_path, fail)
    serving = asyncio.create_task(serve_web(one, []))
    await started(one)
    one.should_exit = True
    await asyncio.wait_for(serving, 30)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_worker_drains_on_a_signal(number: signal.Signals) -> None:
    drained: list[bool] = []
    task = Watched()

    async def drain() -> None:
        drained.append(not task.cancelled)

    working = asyncio.create_task(serve_worker([BackgroundTask("task", task.run)], drain))
    await task.started.wait()
    signal.raise_signal(number)
    await asyncio.wait_for(working, 30)
    assert drained == [True]
    assert task.cancelled


async def test_jobs_that_cannot_be_given_back_are_left_to_their_leases() -> None:
    cancelled = asyncio.Event()

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    await asyncio.wait_for(drain_jobs(hang, within_s=0.01), 30)
    assert cancelled.is_set()


def test_a_process_that_hangs_while_it_stops_is_ended() -> None:
    script = "import time; from app.lifecycle import end_within; end_within(0.1); time.sleep(60)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == EXIT_FORCED
    assert "stopping took too long" in done.stdout + done.stderr


def test_a_process_that_ends_by_itself_is_not_waited_for() -> None:
    script = "from app.lifecycle import end_within; end_within(60)"
    assert subprocess.run([sys.executable, "-c", script], timeout=30, check=False).returncode == 0


async def test_the_death_of_a_task_stops_the_worker() -> None:
    with pytest.raises(BaseExceptionGroup) as ended:
        await asyncio.wait_for(serve_worker([BackgroundTask("lane", fail)], end), 30)
    assert causes(ended.value) == [OSError]


@pytest.fixture
def collector() -> Iterator[None]:
    """Leave the garbage collector as it was."""
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)
    gc.unfreeze()


@pytest.mark.usefixtures("collector")
async def test_what_lives_leaves_the_sight_of_the_collector_and_cycles_come_back_into_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Cyclic:
        def __init__(self) -> None:
            self.own = self

    monkeypatch.setattr("app.lifecycle.LOOK_EVERY_S", 0.01)
    monkeypatch.setattr("app.lifecycle.SETTLE_EVERY_S", 0.01)
    monkeypatch.setattr("app.lifecycle.THAW_EVERY_S", 0.0)
    cyclic = Cyclic()
    gone = asyncio.Event()
    weakref.finalize(cyclic, gone.set)
    task = asyncio.create_task(tend_memory())
    await asyncio.sleep(0)
    assert gc.get_freeze_count() > 0
    del cyclic
    await gone.wait()
    task.cancel()
