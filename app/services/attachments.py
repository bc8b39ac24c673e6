"""Files of messages: what customers sent is fetched and kept, what agents send is uploaded first."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from app.domain.channel import Limits, Media
from app.domain.files import MAX_FILE_BYTES, is_from_customers, safe_name, type_of
from app.domain.job import Lane, NewJob
from app.domain.people import Staff, Visitor
from app.services.clock import Clock
from app.services.ids import new_id
from app.services.outbox import media_kind
from realtime.ports import CommandError

if TYPE_CHECKING:
    from app.services.change import Change

FETCH_KIND = "fetch_file"
FETCH_GIVEN_UP_KIND = "fetch_file.given_up"
PRUNE_FILES_KIND = "files.prune"
UPLOADS_KEEP_DAYS = 2  # of files that were never sent
MOST_FILES = 10  # of one message
MOST_CUSTOMER_BYTES = 4 * MAX_FILE_BYTES  # that a customer uploads in one conversation
URL_CHARS = 4096
VENDOR_LINK = timedelta(hours=1)
LASTING = 0  # of a link: it is good for as long as the file is there
_OWN_PATH = re.compile(r"/api/attachments/([0-9a-f-]{36})/")


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file's record."""

    id: UUID
    shop: UUID
    conversation: UUID
    name: str
    media_type: str
    size: int
    state: str  # waiting, stored, refused, failed (can be tried again)
    reason: str | None = None
    source_url: str | None = None
    account: UUID | None = None
    message: UUID | None = None
    user: UUID | None = None


class MessageFiles(Protocol):
    """Files as rows, in the transaction of their message."""

    async def add(self, rows: Sequence[FileRow]) -> None: ...

    async def take(
        self, conversation: UUID, user: UUID | None, files: Sequence[UUID], message: UUID
    ) -> Sequence[FileRow]:
        """Give a message files that its author uploaded for it; fewer when one is none of these.

        Without a `user` they are the customer's own, who may have uploaded them before this conversation began.
        """

    async def end_wait(self, row: FileRow, content: bytes | None) -> bool:
        """Store the state, type, size, reason and content of a file; False when it was not waiting any more.

        Where the vendor has it is forgotten, except for one that failed.
        """

    async def wait_again(self, file: UUID) -> bool:
        """Let a file that failed be fetched again; False when it did not fail, or is waiting already."""


class Files(Protocol):
    """Files; each call is one transaction."""

    async def find(self, file: UUID) -> FileRow | None: ...

    async def content(self, file: UUID) -> bytes | None: ...

    async def upload(self, row: FileRow, content: bytes) -> None: ...

    async def bytes_of_customer(self, conversation: UUID) -> int:
        """Return how much the customer has uploaded in a conversation."""


class FileLinks:
    """Addresses of files: one for staff, and signed ones for those who cannot sign in."""

    def __init__(self, key: str, public_url: str, clock: Clock) -> None:
        self._key = hmac.new(key.encode(), b"assistify: links to files", hashlib.sha256).digest()
        self._public_url = public_url
        self._clock = clock

    def for_staff(self, file: UUID) -> str:
        """Return the address that needs a member of staff."""
        return f"/api/attachments/{file}/"

    def for_visitor(self, file: UUID) -> str:
        """Return the address for the customer on the widget, whom it was sent to."""
        return f"/api/attachments/{file}/file/?exp={LASTING}&sig={self._sign(file, LASTING)}"

    def for_vendor(self, url: str) -> str:
        """Return an address that a vendor can fetch for an hour, in the place of one of ours; others stay."""
        found = _OWN_PATH.search(urlsplit(url).path)
        if found is None or "sig" in parse_qs(urlsplit(url).query) or not url.startswith(self._public_url):
            return url
        file, until = UUID(found[1]), int((self._clock.now() + VENDOR_LINK).timestamp())
        return f"{self._public_url}/api/attachments/{file}/file/?exp={until}&sig={self._sign(file, until)}"

    def is_good(self, file: UUID, until: int, signature: str) -> bool:
        """Check a signed address, in constant time."""
        is_signed = hmac.compare_digest(self._sign(file, until).encode(), signature.encode("utf-8", "replace"))
        return is_signed and (until == LASTING or self._clock.now().timestamp() < until)

    def _sign(self, file: UUID, until: int) -> str:
        return hmac.new(self._key, f"{file}:{until}".encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file to be served."""

    name: str
    media_type: str
    content: bytes


class Attachments:
    """Files that are uploaded and served."""

    def __init__(self, files: Files, links: FileLinks) -> None:
        self._files = files
        self.links = links

    async def upload(self, staff: Staff, conversation: UUID, name: str, declared: str, content: bytes) -> FileRow:
        """Keep a file that is to be sent in a conversation that the caller may write to.

        Raises: CommandError `bad_frame` for a type that is not taken, `too_large`.
        """
        media_type = _checked_type(content, declared)
        if media_type is None:
            raise CommandError("bad_frame", "files of this type are not taken")
        row = _uploaded(staff.shop, conversation, name, media_type, len(content), staff.id)
        await self._files.upload(row, content)
        return row

    async def upload_of_customer(
        self, visitor: Visitor, conversation: UUID, name: str, declared: str, content: bytes
    ) -> FileRow:
        """Keep a picture or PDF that a customer is about to send in a conversation of theirs.

        Raises: CommandError `bad_frame` for another type, `too_large` also when there are too many.
        """
        media_type = _checked_type(content, declared)
        if media_type is None or not is_from_customers(media_type):
            raise CommandError("bad_frame", "only pictures and PDF files can be sent")
        if await self._files.bytes_of_customer(conversation) + len(content) > MOST_CUSTOMER_BYTES:
            raise CommandError("too_large", "this conversation holds as many files as it can")
        row = _uploaded(visitor.shop, conversation, name, media_type, len(content), None)
        await self._files.upload(row, content)
        return row

    async def open(self, shop: UUID, file: UUID) -> OpenFile:
        """Return a file of the shop.

        Raises: CommandError `not_found`; `conflict` for one that is not here yet or was not taken.
        """
        row = await self._files.find(file)
        if row is None or row.shop != shop:
            raise CommandError("not_found", "there is no such file")
        return await self._opened(row)

    async def open_signed(self, file: UUID, until: int, signature: str) -> OpenFile:
        """Return a file to whoever has a signed address of it.

        Raises: CommandError `not_found`.
        """
        row = await self._files.find(file) if self.links.is_good(file, until, signature) else None
        if row is None:
            raise CommandError("not_found", "there is no such file, or the address is not good any more")
        return await self._opened(row)

    async def _opened(self, row: FileRow) -> OpenFile:
        if row.state == "waiting":
            raise CommandError("conflict", "the file is being fetched: try again in a moment")
        content = await self._files.content(row.id) if row.state == "stored" else None
        if content is None:
            raise CommandError("conflict", f"the file is not here: {row.reason or 'it is gone'}")
        return OpenFile(row.name, row.media_type, content)


def _checked_type(content: bytes, declared: str) -> str | None:
    if len(content) > MAX_FILE_BYTES:
        raise CommandError("too_large", f"a file has at most {MAX_FILE_BYTES} bytes")
    return type_of(content, declared)


def _uploaded(shop: UUID, conversation: UUID, name: str, media_type: str, size: int, user: UUID | None) -> FileRow:
    return FileRow(
        id=new_id(),
        shop=shop,
        conversation=conversation,
        name=safe_name(name, "file"),
        media_type=media_type,
        size=size,
        state="stored",
        user=user,
    )


def attachment_shape(row: FileRow, url: str) -> dict[str, Any]:
    """Return a file as messages carry it."""
    return {"id": str(row.id), "name": row.name, "media_type": row.media_type, "size": row.size, "url": url}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file of a customer that is still at its vendor."""

    id: UUID
    media: Media

    @property
    def url(self) -> str:
        """Where it will be."""
        return f"/api/attachments/{self.id}/"

    @property
    def shape(self) -> Mapping[str, Any]:
        """As the message carries it; type and size are what the vendor says, and the file itself tells the truth."""
        return {
            "id": str(self.id),
            "name": safe_name(self.media.name or "", self.media.kind),
            "media_type": self.media.media_type or f"{self.media.kind}/*",
            "size": 0,
            "url": self.url,
            "state": "waiting",
        }


def incoming(media: Sequence[Media]) -> tuple[Incoming, ...]:
    """Return the files of a vendor's message that have a web address."""
    good = [one for one in media if one.url.startswith(("https://", "http://")) and len(one.url) <= URL_CHARS]
    return tuple(Incoming(new_id(), one) for one in good[:MOST_FILES])


async def keep_incoming(change: Change, message: UUID, account: UUID, files: Sequence[Incoming]) -> None:
    """Note the files of a message, and have each fetched."""
    shop, conversation = change.conversation.shop, change.conversation.id
    rows = [
        FileRow(
            id=one.id,
            shop=shop,
            conversation=conversation,
            name=str(one.shape["name"]),
            media_type=str(one.shape["media_type"])[:64],
            size=0,
            state="waiting",
            source_url=one.media.url,
            account=account,
            message=message,
        )
        for one in files
    ]
    await change.tx.files.add(rows)
    for row in rows:
        await change.add_job(fetching(row, str(row.id)))


def fetching(row: FileRow, cause: str) -> NewJob:
    """Return the job that fetches a file."""
    return NewJob(Lane.SYNC, FETCH_KIND, cause, shop=row.shop, payload={"file": str(row.id)})


async def take_uploads(
    change: Change, user: UUID | None, message: UUID, files: Sequence[UUID], links: FileLinks
) -> tuple[Mapping[str, Any], ...]:
    """Give a message the files that its author, a `user` or the customer, uploaded; return them as it carries them.

    Raises: CommandError `not_found`; `too_large` or `bad_frame` when the channel does not take one of them.
    """
    wanted = list(dict.fromkeys(files))
    rows = await change.tx.files.take(change.conversation.id, user, wanted, message) if wanted else []
    if len(rows) != len(wanted):
        raise CommandError("not_found", "there is no such attachment")
    limits = change.outbox.limits(change.conversation.channel)
    if limits is None:
        return tuple(attachment_shape(row, links.for_visitor(row.id)) for row in rows)
    for row in rows:
        check_file(limits, row)
    return tuple(attachment_shape(row, links.for_staff(row.id)) for row in rows)


def check_file(limits: Limits, row: FileRow) -> None:
    """Check a file against what a channel takes.

    Raises: CommandError `too_large`, `bad_frame`.
    """
    kind = media_kind(row.media_type)
    most = limits.media_bytes.get(kind, 0)
    types = limits.media_types.get(kind)
    if not most or (types is not None and row.media_type not in types):
        raise CommandError("bad_frame", f"{row.name}: this channel takes no files of type {row.media_type}")
    if row.size > most:
        raise CommandError("too_large", f"{row.name}: this channel takes at most {most} bytes of it")
