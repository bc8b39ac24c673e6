"""What was done about a channel account, in lines for whoever runs the shop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from app.domain.channel import VendorReport
from app.services.reconciling import MissedRecords, Reconciled


def lines_of(name: str, external_id: str, done: Reconciled) -> list[str]:
    """Return the account with how it is, and a line each about access, webhooks, and what was missed."""
    report = done.report
    if report is None:
        return [f"{name} {external_id}: the vendor did not answer; try again later"]
    lines = [f"{name} {external_id}: {_state(report, done)}", *_access(report, done)]
    if report.credentials_good is not False:
        lines += [*_webhooks(report, done), *_messages(done), *([] if done.records is None else _records(done.records))]
    return lines


def _state(report: VendorReport, done: Reconciled) -> str:
    has_failed = done.records is not None and done.records.state == "failed"
    if report.credentials_good is False or report.subscribed is False or report.missing or has_failed:
        return "needs you"
    return "mended" if done.has_mended else "in order"


def _access(report: VendorReport, done: Reconciled) -> list[str]:
    if report.credentials_good is False:
        why = report.detail or "it gives no reason"
        return [f"  Access: the vendor does not take our credentials ({why}): enter new ones, or install the app again"]
    until = done.token_until or report.token_expires_at
    good = "good" if until is None else f"good until {_when(until)}"
    if done.renewed:
        return [f"  Access: renewed just now, {good}"]
    if report.credentials_good is None and until is None:
        return [f"  Access: {report.detail}"] if report.detail else []
    return [f"  Access: {good}"]


def _webhooks(report: VendorReport, done: Reconciled) -> list[str]:
    if report.subscribed is None:
        return []
    if not report.subscribed or report.missing:
        lacking = ", ".join(map(_topic, report.missing)) or "all of them"
        return [f"  Webhooks: these do not arrive here: {lacking} ({done.detail or 'the vendor gives no reason'})"]
    if done.topics:
        again = f"; missing until now: {', '.join(map(_topic, done.topics))}"
    else:
        again = "; they did not until now" if done.subscribed_again else ""
    return [f"  Webhooks: all arrive here{again}"]


def _messages(done: Reconciled) -> list[str]:
    if done.records is not None:
        return []
    return [f"  Messages: {f'{done.fetched} missed, taken in now' if done.fetched else 'nothing was missed'}"]


def _records(records: MissedRecords) -> list[str]:
    if records.state == "running":
        return ["  Records: still being looked through; a worker goes on"]
    if records.state == "failed":
        return [f"  Records: stopped: {records.error}"]
    return [
        f"  {kind.title()}: {'not read: the app has no leave to' if kind in records.unreadable else _counted(counts)}"
        for kind, counts in records.counts.items()
    ]


def _counted(counts: Mapping[str, int]) -> str:
    words = {
        "taken": "missed, taken in now",
        "removed": "gone at the vendor, removed now",
        "refused": "could not be read",
    }
    return (
        "; ".join(f"{counts[name]} {said}" for name, said in words.items() if counts.get(name)) or "nothing was missed"
    )


def _topic(name: str) -> str:
    """Return a topic as Shopify's admin writes it; other vendors' fields stay."""
    return name.lower().replace("_", "/", 1) if name.isupper() else name


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
