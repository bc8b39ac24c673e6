"""Where vendors send their events: verified, stored, answered. Nothing slow happens before the answer.

The order is that of app/channels/port.py: raw bytes once, whose account it may be, the signature, and only then what
the body says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from urllib.parse import parse_qsl

import structlog
from starlette.requests import Request
from starlette.responses import Response

from app import metrics
from app.api.context import ApiContext
from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.channels.port import Answer, BodyError, Channel, RawRequest, Receiver
from app.channels.registry import BY_PATH
from app.domain.channel import Account
from app.services.inbox import Arrival, Verdict

log = structlog.get_logger(__name__)

TAG = "webhooks"
MOST_ACCOUNTS = 1000  # of one request: Meta sends at most 1,000 events
MOST_PARAMETERS = 500
REFUSALS_PER_MINUTE = 60  # written to the log per address; the others are only counted
KEPT_HEADER_CHARS = 500
_KEPT_HEADERS = ("content-type", "user-agent", "i-twilio-idempotency-token")


async def receive_webhook(call: Call) -> Response:
    """Take what a vendor sends, and answer as it expects."""
    return await _received(call)


async def check_webhook(call: Call) -> Response:
    """Answer a vendor's subscription check; where the vendor has none, a GET may bring an event."""
    channel, receiver = _channel(call.request)
    if channel.handshake_field is None:
        return await _received(call)
    tokens = await call.context.verify_tokens.of(channel)
    answer = receiver.handshake(dict(call.request.query_params), tokens)
    return _response(receiver.refused if answer is None else answer)


def _channel(request: Request) -> tuple[Channel, Receiver]:
    channel = BY_PATH.get(request.path_params["channel"])
    if channel is None or channel.receiver is None:
        raise Problem(404, "not_found", f"webhooks are at {', '.join(sorted(BY_PATH))}")
    return channel, channel.receiver


async def _received(call: Call) -> Response:
    began = perf_counter()
    channel, receiver = _channel(call.request)
    raw = await _raw(call.request, receiver, call.context.settings.resolved_public_url)
    answer = await _Delivery(call.context, channel, receiver, raw, call.address).handle()
    metrics.webhook_seconds.labels(channel=channel.kind).observe(perf_counter() - began)
    return _response(answer)


async def _raw(request: Request, receiver: Receiver, public_url: str) -> RawRequest:
    """Read the request once.

    Raises: Problem 413.
    """
    too_large = Problem(413, "too_large", f"the body is larger than {receiver.max_body_bytes} bytes")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > receiver.max_body_bytes:
        raise too_large
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > receiver.max_body_bytes:
            raise too_large
    path = request.scope.get("raw_path") or request.url.path.encode()
    query = request.scope.get("query_string", b"").decode("latin-1")
    url = public_url + path.decode("latin-1").partition("?")[0] + (f"?{query}" if query else "")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        pairs = []
    headers = {name.lower(): value for name, value in request.headers.items()}
    return RawRequest(request.method, url, headers, pairs, bytes(body))


@dataclass(slots=True)
class _Delivery:
    """One request of a vendor on its way into the inbox."""

    context: ApiContext
    channel: Channel
    receiver: Receiver
    raw: RawRequest
    address: str

    async def handle(self) -> Answer:
        names = list(self.receiver.references(self.raw))[:MOST_ACCOUNTS]
        known = await self._accounts(names)
        if not known:
            return await self._refuse(Verdict.UNKNOWN_ACCOUNT, next((one[0] for one in names if one), None))
        now = datetime.now(UTC)
        by_id = {account.id: account for account in known.values()}
        # Each account's own secrets decide about its events: those of another shop's must not vouch for them.
        verified = {one for one, account in by_id.items() if self.receiver.verify(self.raw, account, now)}
        if not verified:
            first = next(iter(known.values()))
            return await self._refuse(Verdict.BAD_SIGNATURE, first.external_id, first)
        try:
            parsed = self.receiver.parse(self.raw)
        except BodyError as error:
            return await self._unreadable(str(error), next(by_id[one] for one in verified))
        arrivals, foreign = [], ""
        for one in parsed:
            account = known.get(one.event.account)
            if account is not None and account.id in verified:
                arrivals.append(Arrival(account, one.event, one.raw))
            else:
                foreign = one.event.account
        new = 0
        if arrivals:
            new = await self.context.inbox.accept(self.channel.kind, arrivals, self._headers())
        self._count(Verdict.ACCEPTED, new)
        self._count(Verdict.DUPLICATE, len(arrivals) - new)
        if len(arrivals) < len(parsed):
            await self._refuse(Verdict.UNKNOWN_ACCOUNT, foreign)
        return self.receiver.accepted

    async def _accounts(self, names: Sequence[Sequence[str]]) -> Mapping[str, Account]:
        """Return the accounts by every name the request uses for them: of each the best name that is known counts."""
        wanted = list(dict.fromkeys(name for group in names for name in group))
        found = await self.context.accounts.named(self.channel.kind, wanted) if wanted else {}
        known: dict[str, Account] = {}
        for group in names:
            account = next((found[name] for name in group if name in found), None)
            if account is not None:
                known.update(dict.fromkeys(group, account))
        return known

    async def _refuse(self, verdict: Verdict, account_ref: str | None, account: Account | None = None) -> Answer:
        self._count(verdict, 1)
        wait = await self.context.limiter.retry_after_ms(
            "webhook_refusal", self.address, per_minute=REFUSALS_PER_MINUTE
        )
        if wait is None:
            detail = f"{len(self.raw.body)} bytes from {self.address}"
            ref = account_ref[:255] if account_ref and account_ref.isprintable() else None
            await self.context.inbox.note(
                self.channel.kind, verdict, account=account, account_ref=ref, headers=self._headers(), detail=detail
            )
        log.info("webhook refused", action="webhook_refused", channel=self.channel.kind, verdict=verdict.value)
        return self.receiver.refused

    async def _unreadable(self, reason: str, account: Account) -> Answer:
        """Answer that it was taken: the vendor signed it, and sending it again would not make it readable."""
        self._count(Verdict.UNREADABLE, 1)
        await self.context.inbox.note(
            self.channel.kind,
            Verdict.UNREADABLE,
            account=account,
            account_ref=account.external_id,
            headers=self._headers(),
            detail=reason,
            body=self.raw.body,
        )
        return self.receiver.accepted

    def _count(self, verdict: Verdict, count: int) -> None:
        if count:
            metrics.webhook_events_total.labels(channel=self.channel.kind, verdict=verdict.value).inc(count)

    def _headers(self) -> dict[str, str]:
        """Return the headers worth keeping: the vendor's own, without what signs."""
        return {
            name: value[:KEPT_HEADER_CHARS].replace("\0", "")
            for name, value in self.raw.headers.items()
            if name in _KEPT_HEADERS or ("shopify-" in name and "hmac" not in name)
        }


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, media_type=answer.media_type)


PATH = "/api/webhooks/{channel}/"
_PLAIN = ("text/plain",)
_TEXTS = {200: ("text/plain", "text/xml"), 401: _PLAIN, 403: _PLAIN}  # by the channels' receivers
OPERATIONS = (
    Operation("POST", PATH, receive_webhook, "Events of a vendor", TAG, None, errors=(413,), texts=_TEXTS),
    Operation("GET", PATH, check_webhook, "A vendor's check", TAG, None, errors=(413,), texts=_TEXTS),
)
