"""Telegram bots: updates as JSON with a secret in a header, answers by the Bot API.

Contract: https://core.telegram.org/bots/api. An update does not say which bot it is for, so the webhook's address does:
`?bot=` and the id that stands before the colon of the token. The server sets that address itself.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote, urlencode

import msgspec

from app.channels import signatures
from app.channels.port import (
    API_BASE,
    AccountField,
    Answer,
    BodyError,
    Channel,
    FetchRefusedError,
    Http,
    HttpAnswer,
    HttpLostError,
    Parsed,
    RawRequest,
)
from app.channels.text import clean, hashed_key
from app.domain.channel import (
    Accepted,
    Account,
    Ignored,
    InboundEvent,
    Limits,
    Media,
    MessageReceived,
    OutgoingPart,
    Postback,
    Reaction,
    RefusalKind,
    Refused,
    Renewal,
    SendResult,
    VendorReport,
)

API = "https://api.telegram.org"
HANDLE = f"{API}/file_id/"  # how a file is called here until it is fetched: not an address of Telegram
UPDATES = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")
TEXT_CHARS = 4096
MEGABYTE = 1_000_000
_HEADER = "x-telegram-bot-api-secret-token"
_FILES = ("document", "video", "audio", "voice", "video_note", "sticker", "animation")
_KINDS = {"voice": "audio", "audio": "audio", "video": "video", "video_note": "video", "animation": "video"}
_METHODS = {"image": ("sendPhoto", "photo"), "video": ("sendVideo", "video"), "audio": ("sendAudio", "audio")}
Fields = Mapping[str, Any]


class TelegramReceiver:
    """See app.channels.port.Receiver."""

    accepted = Answer(200)
    refused = Answer(403, b"secret refused")
    max_body_bytes = 2**20

    def handshake(self, query: Mapping[str, str], tokens: Sequence[str]) -> Answer | None:
        """There is none."""
        return None

    def references(self, request: RawRequest) -> Sequence[Sequence[str]]:
        """Return the bot's id in the address."""
        bot = _bot(request)
        return [[bot]] if bot else []

    def verify(self, request: RawRequest, account: Account, now: datetime) -> bool:
        """Compare the secret that Telegram gives back with every update."""
        given = request.headers.get(_HEADER, "")
        known = [account.secrets.get("secret_token", ""), account.secrets.get("previous_secret_token", "")]
        return any([signatures.same(secret, given) for secret in known if secret])

    def parse(self, request: RawRequest) -> Sequence[Parsed]:
        """Return the one event of an update.

        Raises: BodyError.
        """
        try:
            update = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise BodyError(f"the body cannot be read: {type(error).__name__}") from error
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            raise BodyError("the body is no update")
        return [Parsed(_event(update, _bot(request)), request.body)]

    def media_headers(self, url: str, account: Account) -> Mapping[str, str]:
        """The address of a file holds its permission."""
        return {}


class TelegramSender:
    """See app.channels.port.Sender. There is no list of messages, no read mark, and no id of ours comes back."""

    limits = Limits(
        text_chars=TEXT_CHARS,
        media_bytes={"image": 5 * MEGABYTE, "video": 20 * MEGABYTE, "audio": 20 * MEGABYTE, "file": 20 * MEGABYTE},
        media_types={"file": ("application/pdf",)},  # of documents Telegram fetches no others by address
    )

    async def send(self, part: OutgoingPart, account: Account, http: Http) -> SendResult:
        """Send one message.

        Raises: HttpLostError, HttpUnreachableError.
        """
        method, body = "sendMessage", {"text": part.text}
        if part.media is not None:
            method, name = _METHODS.get(part.media.kind, ("sendDocument", "document"))
            body = {name: part.media.url}
        answer = await _call(account, method, {"chat_id": part.address, **body}, http)
        found = _json(answer)
        result = found.get("result")
        if found.get("ok") is True and isinstance(result, dict):
            return Accepted(_key(part.address, result.get("message_id")))
        if "error_code" not in found:
            raise HttpLostError(f"status {answer.status}")
        code = str(found["error_code"])
        after = (found.get("parameters") or {}).get("retry_after")
        told = str(found.get("description", ""))[:200]
        return Refused(self.classify(code), code, told, float(after) if isinstance(after, int) else None)

    def classify(self, code: str) -> RefusalKind:
        """Say what an error code means; 404 is a token that is none, 403 a person who blocked the bot."""
        if code in ("401", "404"):
            return RefusalKind.CREDENTIALS
        return RefusalKind.TEMPORARY if code == "429" or code.startswith("5") else RefusalKind.PERMANENT

    async def find(
        self, part: OutgoingPart, account: Account, sent_after: datetime, known: Collection[str], http: Http
    ) -> str | None:
        """Nothing to look up."""
        return None

    async def show_typing(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """Show that an answer is coming, for 5 s.

        Raises: HttpLostError, HttpUnreachableError.
        """
        await _call(account, "sendChatAction", {"chat_id": address, "action": "typing"}, http)

    async def mark_read(self, address: str, last_inbound: str, account: Account, http: Http) -> None:
        """Bots cannot."""


class TelegramUpkeep:
    """See app.channels.port.Upkeep. Telegram keeps updates for a day and sends them again by itself."""

    async def inspect(self, account: Account, webhook_url: str, http: Http) -> VendorReport:
        """Ask where the updates go.

        Raises: HttpLostError, HttpUnreachableError.
        """
        answer = await _call(account, "getWebhookInfo", {}, http)
        told = _json(answer).get("result")
        if answer.status in (401, 404):
            return VendorReport(credentials_good=False, detail=f"error {answer.status}")
        if not isinstance(told, dict):
            return VendorReport(detail=f"the webhook could not be read: status {answer.status}")
        allowed = told.get("allowed_updates") or []
        is_ours = told.get("url") == _address(account, webhook_url)
        missing = tuple(one for one in UPDATES if one not in allowed) if is_ours else ()
        return VendorReport(True, is_ours, missing, detail=clean(str(told.get("last_error_message") or "")))

    async def subscribe(self, account: Account, webhook_url: str, http: Http) -> bool:
        """Have the updates sent here, with our secret.

        Raises: HttpLostError, HttpUnreachableError.
        """
        secret = account.secrets.get("secret_token", "")
        body = {"url": _address(account, webhook_url), "secret_token": secret, "allowed_updates": list(UPDATES)}
        return _json(await _call(account, "setWebhook", body, http)).get("ok") is True

    async def missed(self, account: Account, since: datetime, http: Http) -> Sequence[Parsed]:
        """Nothing: what was not taken is sent again."""
        return []

    async def renew(self, account: Account, http: Http) -> Renewal | None:
        """Nothing: tokens do not expire."""
        return None


async def locate(url: str, account: Account, http: Http) -> str:
    """Return where a file is: Telegram tells it to the bot, and for an hour only.

    Raises: FetchRefusedError, HttpLostError, HttpUnreachableError.
    """
    answer = await _call(account, "getFile", {"file_id": unquote(url.removeprefix(HANDLE))}, http)
    path = (_json(answer).get("result") or {}).get("file_path")
    if not isinstance(path, str):
        raise FetchRefusedError("Telegram does not give the file")
    return f"{_base(account)}/file/bot{account.secrets.get('bot_token', '')}/{quote(path)}"


def _event(update: Fields, bot: str) -> InboundEvent:
    kind = next((name for name in UPDATES if isinstance(update.get(name), dict)), "")
    part: Fields = update.get(kind, {})
    about: dict[str, Any] = {"key": f"update:{update['update_id']}", "account": bot}
    chat = _dict(part.get("chat") or _dict(part.get("message")).get("chat"))
    if not kind or chat.get("type") != "private" or "id" not in chat:
        return Ignored(**about, kind=(kind or "other update") if not chat else f"{kind} of a group")
    about |= {"address": str(chat["id"]), "at": _time(part.get("date"))}
    match kind:
        case "message":
            return _message(part, about)
        case "callback_query":
            said = clean(str(part.get("data") or ""))
            return Postback(**about, title=said, payload=said)
        case "message_reaction":
            given = [one for one in part.get("new_reaction") or () if isinstance(one, dict)]
            emojis = [_text(one.get("emoji")) or "?" for one in given]  # a picture of the person's own has none
            return Reaction(**about, message=_key(chat["id"], part.get("message_id")), emoji=next(iter(emojis), None))
        case _:
            return Ignored(**about, kind=kind)


def _message(part: Fields, about: Mapping[str, Any]) -> MessageReceived:
    sender, files = _dict(part.get("from")), _media(part)
    place = _dict(part.get("location"))
    text = clean(str(part.get("text") or part.get("caption") or ""))
    if place and not text:
        text = f"Location: {place.get('latitude')}, {place.get('longitude')}"
    reply = _dict(part.get("reply_to_message")).get("message_id")
    names = [str(sender[name]) for name in ("first_name", "last_name") if sender.get(name)]
    key = _key(about["address"], part.get("message_id"))
    return MessageReceived(
        **{**about, "key": key},
        text=text,
        name=clean(" ".join(names)) or None,
        attachments=files,
        reply_to=None if reply is None else _key(about["address"], reply),
        unsupported=not (text or files),
    )


def _media(part: Fields) -> tuple[Media, ...]:
    """Return the file of a message; of a photo's sizes the largest."""
    sizes = [one for one in part.get("photo") or () if isinstance(one, dict) and one.get("file_id")]
    if sizes:
        return (Media(kind="image", url=HANDLE + quote(str(sizes[-1]["file_id"]), safe=""), media_type="image/jpeg"),)
    for name in _FILES:
        file = _dict(part.get(name))
        if file.get("file_id"):
            url = HANDLE + quote(str(file["file_id"]), safe="")
            called = clean(str(file["file_name"])) if file.get("file_name") else None
            kind = "sticker" if name == "sticker" else _KINDS.get(name, "file")
            return (Media(kind=kind, url=url, media_type=_text(file.get("mime_type")), name=called),)
    return ()


def _key(chat: object, message: object) -> str:
    return hashed_key("message", f"{chat}:{message}")


def _dict(value: object) -> Fields:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return clean(value) if isinstance(value, str) and value else None


def _time(value: object) -> datetime | None:
    is_time = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**11
    return datetime.fromtimestamp(int(str(value)), UTC) if is_time else None


def _bot(request: RawRequest) -> str:
    return next((value for name, value in request.query if name == "bot"), "")


def _address(account: Account, webhook_url: str) -> str:
    return f"{webhook_url}?{urlencode({'bot': account.external_id})}"


def _base(account: Account) -> str:
    return (account.fields.get("api_base") or API).rstrip("/")


async def _call(account: Account, method: str, body: Mapping[str, Any], http: Http) -> HttpAnswer:
    url = f"{_base(account)}/bot{account.secrets.get('bot_token', '')}/{method}"
    headers = {"Content-Type": "application/json"}
    return await http.request("POST", url, headers=headers, content=json.dumps(dict(body)).encode())


def _json(answer: HttpAnswer) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _references(fields: Mapping[str, str]) -> Sequence[str]:
    bot, colon, secret = fields.get("bot_token", "").partition(":")
    return [bot] if bot.isdecimal() and colon and secret else []


TELEGRAM = Channel(
    kind="telegram",
    name="Telegram",
    path="telegram",
    fields=(
        AccountField("bot_token", "Bot token", secret=True),
        AccountField("secret_token", "Secret of the webhook (letters, digits, _ and -)", secret=True),
        AccountField("previous_secret_token", "Previous secret of the webhook", required=False, secret=True),
        API_BASE,
    ),
    references=_references,
    receiver=TelegramReceiver(),
    sender=TelegramSender(),
    upkeep=TelegramUpkeep(),
    locate=locate,
)
