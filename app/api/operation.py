"""One REST operation: what it takes, what it gives, who may call it. Routes and OpenAPI are made of these."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.api.problem import Problem
from app.auth.roles import Permission, is_allowed
from app.domain.staff import StaffMember

if TYPE_CHECKING:
    from app.api.context import ApiContext

MAX_BODY_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Call:
    """One request, decoded and authorised."""

    request: Request
    context: ApiContext
    member: StaffMember | None
    body: Any
    query: Any

    @property
    def staff(self) -> StaffMember:
        """The signed-in member; operations with a permission always have one."""
        if self.member is None:
            raise Problem(401, "unauthorized", "sign in to do this")
        return self.member

    @property
    def address(self) -> str:
        """The caller's address, as the server (or a trusted proxy) saw it."""
        return self.request.client.host if self.request.client else "unknown"


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation. `permission` None means that the handler checks the caller itself (sign-in, public pages). `texts`
    are the types of answers, by status, that are no JSON: what a vendor wants to hear."""

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    permission: Permission | None
    body: type[Any] | None = None
    query: type[msgspec.Struct] | None = None
    response: type[Any] | None = None
    status: int = 200
    errors: tuple[int, ...] = field(default=())
    texts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def operation_id(self) -> str:
        return self.handler.__name__


def decode_query(kind: type[msgspec.Struct], request: Request) -> msgspec.Struct:
    """Read the query string into a struct.

    Raises: Problem 422 naming the parameter.
    """
    values = {name: value for name, value in request.query_params.items() if value != ""}
    if any("\0" in value for value in values.values()):
        raise Problem(422, "bad_request", "query: a value holds a NUL character")
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(422, "bad_request", f"query: {error}") from error


async def decode_body(kind: type[Any], request: Request) -> Any:
    """Read and check a JSON body.

    Raises: Problem 413, 415 or 422 naming the field.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Problem(415, "bad_request", "send the body as application/json")
    too_large = Problem(413, "too_large", f"the body is larger than {MAX_BODY_BYTES} bytes")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > MAX_BODY_BYTES:
        raise too_large
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > MAX_BODY_BYTES:
            raise too_large
    try:
        return msgspec.json.decode(bytes(data), type=kind)
    except RecursionError:
        raise Problem(422, "bad_request", "body: it is nested too deeply") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(422, "bad_request", f"body: {error}") from error


def check_permission(member: StaffMember, permission: Permission) -> None:
    """Raise Problem 403 unless the member's role has the permission."""
    if not is_allowed(member.role, permission):
        raise Problem(403, "forbidden", f"your role ({member.role}) may not do this: it needs {permission.value}")


def json_response(value: Any, status: int = 200) -> Response:
    """Encode structs, UUIDs and times as the wire does."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")
