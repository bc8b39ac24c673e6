"""Statuses of deliveries: forward only, whatever order reports come in."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.delivery import Delivery, DeliveryStatus, advance, summarize
from app.domain.message import SenderKind

ID = UUID(int=1)
STATUSES = st.sampled_from(list(DeliveryStatus))
GOOD = [DeliveryStatus.SENT, DeliveryStatus.DELIVERED, DeliveryStatus.READ]


def part(status: DeliveryStatus, end: int = 10, error: str | None = None) -> Delivery:
    return Delivery(ID, ID, ID, ID, ID, 0, SenderKind.BOT, 1, "text", end, status=status, error=error)


@given(STATUSES, st.lists(STATUSES))
def test_no_report_leads_back(start: DeliveryStatus, reports: list[DeliveryStatus]) -> None:
    status, seen = start, [start]
    for report in reports:
        status = advance(status, report)
        if status is not seen[-1]:
            assert status not in seen
            seen.append(status)
    assert DeliveryStatus.QUEUED not in seen[1:]


@given(st.permutations([*GOOD, DeliveryStatus.FAILED]))
def test_what_was_seen_to_arrive_did_not_fail(reports: list[DeliveryStatus]) -> None:
    status = DeliveryStatus.SENDING
    for report in reports:
        status = advance(status, report)
    failed_first = reports.index(DeliveryStatus.FAILED) < min(
        reports.index(DeliveryStatus.DELIVERED), reports.index(DeliveryStatus.READ)
    )
    assert status is (DeliveryStatus.FAILED if failed_first else DeliveryStatus.READ)


@given(st.permutations(GOOD), STATUSES)
def test_receipts_in_any_order_end_the_same(reports: list[DeliveryStatus], other: DeliveryStatus) -> None:
    status = DeliveryStatus.SENDING
    for report in reports:
        status = advance(status, report)
    assert status is DeliveryStatus.READ
    assert advance(status, other) is DeliveryStatus.READ


def test_an_unknown_part_can_still_turn_out_well() -> None:
    assert advance(DeliveryStatus.UNKNOWN, DeliveryStatus.SENT) is DeliveryStatus.SENT
    assert advance(DeliveryStatus.CANCELED, DeliveryStatus.SENT) is DeliveryStatus.CANCELED


def test_a_message_is_as_far_as_its_last_part() -> None:
    assert summarize([part(DeliveryStatus.READ), part(DeliveryStatus.SENT)]).status is DeliveryStatus.SENT
    assert summarize([part(DeliveryStatus.READ)]).to is None


def test_a_message_says_how_much_of_it_went_out() -> None:
    parts = [part(DeliveryStatus.DELIVERED, 10), part(DeliveryStatus.CANCELED, 25)]
    whole = summarize(parts)
    assert (whole.status, whole.to) == (DeliveryStatus.CANCELED, 10)
    failed = summarize([part(DeliveryStatus.FAILED, 10, "window"), part(DeliveryStatus.QUEUED, 25)])
    assert (failed.status, failed.error, failed.to) == (DeliveryStatus.FAILED, "window", 0)
