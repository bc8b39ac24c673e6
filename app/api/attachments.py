"""Files of messages: uploaded by agents and visitors, and served to those who may see them."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from msgspec import Meta, Struct
from starlette.responses import Response

from app.api.conversations import staff_of
from app.api.operation import Call, Operation
from app.api.problem import Problem
from app.auth.roles import Permission
from app.domain.files import MAX_FILE_BYTES, is_shown
from app.services.attachments import OpenFile, attachment_shape
from realtime.peer import peer_of
from realtime.protocol import shapes

TAG = "attachments"
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
# What a stranger sent runs nothing and loads nothing, wherever it is opened.
_SAFE = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=3600",
}


class UploadQuery(Struct, frozen=True):
    """Where the file is to be sent, and what it is called; its bytes are the body."""

    conversation: UUID
    name: Annotated[str, Meta(max_length=255)] = "file"


class LinkQuery(Struct, frozen=True):
    """What signs an address: until when (Unix seconds, 0: for as long as the file is there), and the signature."""

    exp: int
    sig: str


class Started(Struct, frozen=True):
    """A file that is being fetched."""

    id: UUID


async def upload_attachment(call: Call) -> shapes.Attachment:
    """Keep a file to be sent with `message.send`; the body is the file, of at most 25,000,000 bytes."""
    query: UploadQuery = call.query
    staff = staff_of(call)
    await call.context.programs.state(staff, query.conversation)  # not_found for another shop's
    content = await _body(call)
    declared = call.request.headers.get("content-type", "")
    row = await call.context.attachments.upload(staff, query.conversation, query.name, declared, content)
    return shapes.Attachment(**{**attachment_shape(row, f"/api/attachments/{row.id}/"), "id": row.id})


async def upload_of_visitor(call: Call) -> shapes.Attachment:
    """Keep a picture or PDF that a visitor is to send with `message.send` in a conversation of theirs; the body is the
    file, of at most 25,000,000 bytes, `Authorization: Bearer` the visitor's token."""
    query: UploadQuery = call.query
    scheme, _, token = call.request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    visitor = await call.context.uploaders.admit(bearer, peer_of(call.request.scope), query.conversation)
    content = await _body(call)
    declared = call.request.headers.get("content-type", "")
    attachments = call.context.attachments
    row = await attachments.upload_of_customer(visitor, query.conversation, query.name, declared, content)
    return shapes.Attachment(**{**attachment_shape(row, attachments.links.for_visitor(row.id)), "id": row.id})


async def _body(call: Call) -> bytes:
    """Read the body, at most as much as a file may have.

    Raises: Problem 413.
    """
    too_large = Problem(413, "too_large", f"a file has at most {MAX_FILE_BYTES} bytes")
    length = call.request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_FILE_BYTES:
        raise too_large
    content = bytearray()
    async for part in call.request.stream():
        content += part
        if len(content) > MAX_FILE_BYTES:
            raise too_large
    return bytes(content)


async def get_attachment(call: Call) -> Response:
    """Return a file of a message; 409 while it is being fetched, and for one that was not taken."""
    return _served(await call.context.attachments.open(call.staff.shop, call.request.path_params["id"]), call)


async def get_signed_attachment(call: Call) -> Response:
    """Return a file to whoever has its signed address: a vendor for an hour, or the customer it was sent to."""
    query: LinkQuery = call.query
    file = await call.context.attachments.open_signed(call.request.path_params["id"], query.exp, query.sig)
    return _served(file, call)


async def fetch_attachment(call: Call) -> Started:
    """Fetch a customer's file again that could not be fetched; what comes of it is told live (`attachment.changed`)."""
    file = call.request.path_params["id"]
    await call.context.fetched_files.again(staff_of(call), file)
    return Started(file)


def _served(file: OpenFile, call: Call) -> Response:
    """Serve a file, or the part of it that is asked for: players of sound and film begin anywhere (RFC 9110, 14)."""
    place = "inline" if is_shown(file.media_type) else "attachment"
    named = f"{place}; filename*=UTF-8''{quote(file.name, safe='')}"
    headers = {**_SAFE, "Content-Disposition": named, "Accept-Ranges": "bytes"}
    size, asked = len(file.content), call.request.headers.get("range", "")
    part = asked_range(asked, size) if "if-range" not in call.request.headers else None
    if part is None:
        return Response(file.content, media_type=file.media_type, headers=headers)
    if not part:
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return Response(file.content[part.start : part.stop], 206, headers, file.media_type)


def asked_range(header: str, size: int) -> range | None:
    """Return the positions that a Range header asks for, none when it asks for what is not there; None: all of it, as
    for no header, several parts, and what cannot be read."""
    found = _RANGE.fullmatch(header.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return range(max(0, size - int(found[2])), size)
    start, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if found[2] and last < start:
        return None
    return range(start, min(last + 1, size)) if start < size else range(0)


OPERATIONS = (
    Operation("POST", "/api/attachments/", upload_attachment, "Upload a file", TAG, Permission.WRITE_CONVERSATIONS,
              None, UploadQuery, shapes.Attachment, 201, (404, 413)),
    Operation("POST", "/api/attachments/visitor/", upload_of_visitor, "Upload a file as a visitor", TAG, None,
              None, UploadQuery, shapes.Attachment, 201, (401, 403, 404, 413)),
    Operation("GET", "/api/attachments/{id:uuid}/", get_attachment, "A file of a message", TAG,
              Permission.READ_CONVERSATIONS, errors=(409,)),
    Operation("POST", "/api/attachments/{id:uuid}/fetch/", fetch_attachment, "Fetch a file again", TAG,
              Permission.WRITE_CONVERSATIONS, response=Started, status=202, errors=(404, 409)),
    Operation("GET", "/api/attachments/{id:uuid}/file/", get_signed_attachment, "A file, by its signed address", TAG,
              None, None, LinkQuery, errors=(409,)),
)  # fmt: skip
