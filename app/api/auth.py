"""Sign-in: tokens for programs, a session cookie for the console."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct
from starlette.responses import Response

from app.api.operation import Call, Operation, json_response
from app.api.problem import Problem
from app.api.security import is_same_origin
from app.auth.passwords import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS
from app.auth.roles import Permission
from app.auth.staff import SESSION_COOKIE, SESSION_KIND, SessionStart, SignInRefusedError, secret_hash
from app.domain.staff import StaffMember

TAG = "auth"
AGENT_CHARS = 255


class Credentials(Struct, frozen=True):
    """E-mail address and password."""

    email: str
    password: str


class Tokens(Struct, frozen=True):
    """Bearer tokens; `expires_in` seconds is the life of `access`."""

    access: str
    refresh: str
    expires_in: int


class Refresh(Struct, frozen=True):
    """A refresh token; it is good once."""

    refresh: str


class PasswordChange(Struct, frozen=True):
    """The password in use and the one to come."""

    current: str
    new: Annotated[str, Meta(min_length=MIN_PASSWORD_CHARS, max_length=MAX_PASSWORD_CHARS)]


class User(Struct, frozen=True):
    """The signed-in member of staff."""

    id: UUID
    name: str
    email: str
    role: str


class SignedIn(Struct, frozen=True):
    """A console session; unsafe requests send `csrf` in the header X-CSRF-Token. `shop` is the shop's name; in a `demo`
    customers can be played."""

    user: User
    csrf: str
    shop: str
    demo: bool


class Place(Struct, frozen=True):
    """Where the member is signed in: a browser, or a program with a refresh token. `current` is the one that asks;
    times are UTC, and `last_used_at` is true to some minutes."""

    id: UUID
    kind: Literal["browser", "program"]
    current: bool
    address: str | None
    agent: str | None
    created_at: datetime
    last_used_at: datetime | None


class Places(Struct, frozen=True):
    """Where the member is signed in, the place used last first."""

    sessions: list[Place]


class Ended(Struct, frozen=True):
    """How many sessions have ended."""

    ended: int


async def create_token(call: Call) -> Tokens:
    """Check e-mail and password, return tokens."""
    member = await _checked(call)
    pair = await call.context.staff.issue_tokens(member, call.address, _agent(call))
    return Tokens(access=pair.access, refresh=pair.refresh, expires_in=pair.expires_in)


async def refresh_token(call: Call) -> Tokens:
    """Swap a refresh token for a new pair."""
    body: Refresh = call.body
    try:
        pair = await call.context.staff.refresh(body.refresh, call.address, _agent(call))
    except SignInRefusedError as error:
        raise Problem(401, "unauthorized", str(error)) from error
    return Tokens(access=pair.access, refresh=pair.refresh, expires_in=pair.expires_in)


async def create_session(call: Call) -> Response:
    """Check e-mail and password, set the session cookie."""
    _check_origin(call)
    started = await call.context.staff.start_session(await _checked(call), call.address, _agent(call))
    answer = json_response(await _signed_in(call, started), 201)
    answer.set_cookie(
        SESSION_COOKIE,
        started.cookie,
        max_age=call.context.settings.session_days * 86400,
        httponly=True,
        samesite="lax",
        secure=call.context.settings.resolved_public_url.startswith("https://"),
        path="/",
    )
    return answer


async def read_session(call: Call) -> SignedIn:
    """Return who is signed in."""
    cookie = _cookie(call)
    try:
        member = await call.context.staff.check_session(cookie)
    except SignInRefusedError as error:
        raise Problem(401, "unauthorized", str(error)) from error
    csrf = call.context.staff.csrf_token(cookie)
    return await _signed_in(call, SessionStart(member=member, cookie=cookie, csrf=csrf))


async def delete_session(call: Call) -> Response:
    """Sign out."""
    _check_origin(call)
    await call.context.staff.end_session(_cookie(call))
    answer = Response(status_code=204)
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")
    return answer


async def list_sessions(call: Call) -> Places:
    """List where the member is signed in."""
    here = secret_hash(_cookie(call))
    return Places(
        [
            Place(
                id=one.id,
                kind="browser" if one.kind == SESSION_KIND else "program",
                current=one.token_hash == here,
                address=one.address,
                agent=one.agent,
                created_at=one.created_at,
                last_used_at=one.last_used_at,
            )
            for one in await call.context.staff.sessions(call.staff)
        ]
    )


async def end_one_session(call: Call) -> Response:
    """Sign out in one place: a browser's live connections close at once; a program's access ends with the token it has,
    within minutes."""
    if not await call.context.staff.end_one(call.staff, call.request.path_params["id"]):
        raise Problem(404, "not_found", "you are not signed in there")
    return Response(status_code=204)


async def end_other_sessions(call: Call) -> Ended:
    """Sign out everywhere but here."""
    return Ended(await call.context.staff.end_others(call.staff, _cookie(call)))


async def delete_sessions(call: Call) -> Response:
    """Sign out everywhere: all sessions and tokens of the member end, and their live connections close."""
    await call.context.staff.end_everywhere(call.staff)
    answer = Response(status_code=204)
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")
    return answer


async def change_password(call: Call) -> Response:
    """Change the own password; signs out everywhere."""
    body: PasswordChange = call.body
    await _limit_attempts(call)
    try:
        await call.context.staff.change_password(call.staff, body.current, body.new)
    except SignInRefusedError as error:
        raise Problem(422, "bad_request", "body: `current` is not the password in use") from error
    return Response(status_code=204)


async def _checked(call: Call) -> StaffMember:
    body: Credentials = call.body
    await _limit_attempts(call)
    try:
        return await call.context.staff.check_password(body.email, body.password)
    except SignInRefusedError as error:
        raise Problem(401, "unauthorized", str(error)) from error


async def _limit_attempts(call: Call) -> None:
    wait = await call.context.limiter.retry_after_ms(
        "sign-in", call.address, per_minute=call.context.settings.login_attempts_per_minute
    )
    if wait is not None:
        raise Problem(429, "rate_limited", "too many sign-in attempts from this address", retry_after_ms=wait)


def _cookie(call: Call) -> str:
    return call.request.cookies.get(SESSION_COOKIE, "")


def _agent(call: Call) -> str | None:
    """Return what the caller says it is, as far as it can be shown."""
    said = call.request.headers.get("user-agent", "")
    return "".join(character for character in said if character.isprintable())[:AGENT_CHARS] or None


def _check_origin(call: Call) -> None:
    if not is_same_origin(call.request.headers, call.context.settings.resolved_public_url):
        raise Problem(403, "forbidden", "this request must come from the server's own pages")


async def _signed_in(call: Call, started: SessionStart) -> SignedIn:
    member = started.member
    shop = await call.context.shops.by_id(member.shop)
    user = User(member.id, member.name, member.email, member.role)
    name = shop.name if shop is not None else ""
    return SignedIn(user=user, csrf=started.csrf, shop=name, demo=call.context.demo)


OPERATIONS = (
    Operation("POST", "/api/auth/token/", create_token, "Sign in for tokens", TAG, None, Credentials, None, Tokens,
              errors=(401,)),
    Operation("POST", "/api/auth/token/refresh/", refresh_token, "Refresh tokens", TAG, None, Refresh, None, Tokens,
              errors=(401,)),
    Operation("POST", "/api/auth/session/", create_session, "Sign in to the console", TAG, None, Credentials, None,
              SignedIn, 201, errors=(401, 403)),
    Operation("GET", "/api/auth/session/", read_session, "Who is signed in", TAG, None, None, None, SignedIn,
              errors=(401,)),
    Operation("GET", "/api/auth/sessions/", list_sessions, "Where you are signed in", TAG,
              Permission.READ_CONVERSATIONS, response=Places),
    Operation("DELETE", "/api/auth/sessions/{id:uuid}/", end_one_session, "Sign out in one place", TAG,
              Permission.READ_CONVERSATIONS, status=204),
    Operation("POST", "/api/auth/sessions/end_others/", end_other_sessions, "Sign out everywhere else", TAG,
              Permission.READ_CONVERSATIONS, response=Ended),
    Operation("DELETE", "/api/auth/sessions/", delete_sessions, "Sign out everywhere", TAG,
              Permission.READ_CONVERSATIONS, status=204),
    Operation("POST", "/api/auth/password/", change_password, "Change the own password", TAG,
              Permission.READ_CONVERSATIONS, PasswordChange, status=204),
    Operation("DELETE", "/api/auth/session/", delete_session, "Sign out", TAG, None, status=204, errors=(403,)),
)  # fmt: skip
