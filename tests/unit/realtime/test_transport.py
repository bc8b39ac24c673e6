from __future__ import annotations

import asyncio

import pytest

from realtime.transport import Gate, Mailbox


async def test_a_mailbox_gives_its_items_in_order_and_waits_for_the_next() -> None:
    mailbox = Mailbox()
    mailbox.put_nowait(1)
    mailbox.put_nowait(2)
    assert [await mailbox.get(), await mailbox.get()] == [1, 2]
    assert mailbox.empty()
    waiting = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0)
    mailbox.put_nowait(3)
    mailbox.put_nowait(4)
    assert await waiting == 3
    assert not mailbox.empty()


async def test_a_consumer_that_went_away_loses_no_item() -> None:
    mailbox = Mailbox()
    waiting = asyncio.create_task(mailbox.get())
    await asyncio.sleep(0)
    waiting.cancel()
    mailbox.put_nowait(1)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await mailbox.get() == 1


async def test_a_gate_lets_all_through_once_it_opens() -> None:
    gate = Gate()
    await gate.wait()
    gate.clear()
    waiting = [asyncio.create_task(gate.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert not gate.is_set()
    assert not any(task.done() for task in waiting)
    gate.set()
    await asyncio.gather(*waiting)
