"""Sign-in of staff and programs: access and refresh tokens, and the console's session cookie.

Only hashes of secrets are stored. A refresh token is good once; used twice, all of the member's sessions end (OAuth 2.0
Security BCP, RFC 9700, 4.14).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.auth.passwords import Passwords
from app.auth.tokens import TokenKind, TokenRejectedError, Tokens
from app.domain.people import Role
from app.domain.staff import StaffMember, StaffRecord, StaffSession

SESSION_COOKIE = "assistify_session"
SESSION_KIND = "session"
REFRESH_KIND = "refresh"
SESSION_BYTES = 32
FIRST_PASSWORD_BYTES = 15  # 20 characters


class StaffStore(Protocol):
    """Users and their sessions."""

    async def by_email(self, email: str) -> StaffRecord | None: ...

    async def by_id(self, user: UUID) -> StaffRecord | None: ...

    async def add_session(
        self, user: StaffMember, token_hash: str, kind: str, ttl_s: float, address: str | None, agent: str | None
    ) -> None: ...

    async def sessions_of(self, user: UUID) -> Sequence[StaffSession]:
        """Return the live sessions of a user, the one used last first."""

    async def end_sessions_of(self, user: UUID, sessions: Sequence[UUID]) -> int:
        """End those of these sessions that are live and the user's; return how many."""

    async def use_session(self, token_hash: str, kind: str) -> UUID | None:
        """Return the user of a live session and note its use."""

    async def end_session(self, token_hash: str, kind: str) -> UUID | None:
        """End a live session; return its user, or None when there was none."""

    async def was_session(self, token_hash: str, kind: str) -> UUID | None:
        """Return the user of an ended session."""

    async def end_all_sessions(self, user: UUID) -> None:
        """End all sessions and tokens of a user."""

    async def of_shop(self, shop: UUID) -> Sequence[StaffRecord]:
        """Return the staff of a shop, by name."""

    async def set_active(self, user: UUID, active: bool) -> None:
        """Let a user sign in, or end all they are signed in with and let them no more."""

    async def set_password(self, user: UUID, password_hash: str) -> None:
        """Change a password and end all sessions and tokens of the user."""

    async def set_role(self, user: UUID, role: str) -> None:
        """Change a role and end all sessions and tokens of the user."""

    async def insert_user(self, shop: UUID, *, email: str, name: str, role: str, password_hash: str) -> UUID | None:
        """Add a user; None when the e-mail address is somebody's already."""

    async def generations(self, users: Sequence[UUID]) -> Mapping[UUID, int]:
        """Return the generation of each of these users that is active."""

    async def live_sessions(self, token_hashes: Sequence[str]) -> Set[str]:
        """Return which of these sessions have not ended."""


class SignInRefusedError(Exception):
    """Wrong e-mail or password, or an ended session. One answer for all, so that nothing is told about who exists."""


@dataclass(frozen=True, slots=True)
class TokenPair:
    """Tokens of a sign-in; `expires_in` seconds is the life of `access`."""

    access: str
    refresh: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class SessionStart:
    """A new console session: the cookie's value and the CSRF token that goes with it."""

    member: StaffMember
    cookie: str
    csrf: str


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a live connection rests on; `session` is the hash of a console session's cookie, None with a token."""

    user: UUID
    generation: int
    session: str | None


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds that tokens and sessions live."""

    access_s: int
    refresh_s: int
    session_s: int


def secret_hash(secret: str) -> str:
    """Return the hash under which a random secret is stored; it needs no salt, having 256 bits of its own."""
    return hashlib.sha256(secret.encode()).hexdigest()


class StaffAuth:
    """Checks who somebody of the staff is."""

    def __init__(
        self,
        store: StaffStore,
        tokens: Tokens,
        passwords: Passwords,
        lifetimes: Lifetimes,
        *,
        csrf_key: str,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._tokens = tokens
        self._passwords = passwords
        self._lifetimes = lifetimes
        self._csrf_key = csrf_key
        self._now = now

    async def check_password(self, email: str, password: str) -> StaffMember:
        """Return the member with this e-mail address and password.

        Raises: SignInRefusedError.
        """
        address = email.strip().lower()
        # Half a surrogate pair or NUL cannot be looked up, and is nobody's address.
        record = await self._store.by_email(address) if address.isprintable() else None
        encoded = record.password_hash if record is not None and record.active else None
        if not await self._passwords.matches(encoded, password) or record is None:
            raise SignInRefusedError("wrong e-mail address or password")
        return record.member

    async def issue_tokens(self, member: StaffMember, address: str | None, agent: str | None = None) -> TokenPair:
        """Return a fresh pair of access and refresh token."""
        access = self._tokens.issue(
            TokenKind.ACCESS, member.id, member.shop, ttl_s=self._lifetimes.access_s, generation=member.generation
        )
        refresh = self._tokens.issue(
            TokenKind.REFRESH, member.id, member.shop, ttl_s=self._lifetimes.refresh_s, generation=member.generation
        )
        await self._store.add_session(
            member, secret_hash(refresh), REFRESH_KIND, float(self._lifetimes.refresh_s), address, agent
        )
        return TokenPair(access=access, refresh=refresh, expires_in=self._lifetimes.access_s)

    async def refresh(self, token: str, address: str | None, agent: str | None = None) -> TokenPair:
        """Swap a refresh token for a new pair.

        Raises: SignInRefusedError; a token used before ends all sessions of its user.
        """
        try:
            claims = self._tokens.check(token, TokenKind.REFRESH)
        except TokenRejectedError as error:
            raise SignInRefusedError(str(error)) from error
        user = await self._store.end_session(secret_hash(token), REFRESH_KIND)
        if user is None:
            if await self._store.was_session(secret_hash(token), REFRESH_KIND) is not None:
                await self._store.end_all_sessions(claims.subject)
            raise SignInRefusedError("the refresh token was used before: sign in again")
        return await self.issue_tokens(await self._live_member(claims.subject, claims.generation), address, agent)

    async def check_access(self, token: str) -> tuple[StaffMember, float]:
        """Return the member of an access token and its expiry (Unix seconds).

        Raises: SignInRefusedError.
        """
        try:
            claims = self._tokens.check(token, TokenKind.ACCESS)
        except TokenRejectedError as error:
            raise SignInRefusedError(str(error)) from error
        return await self._live_member(claims.subject, claims.generation), claims.expires_at

    async def start_session(self, member: StaffMember, address: str | None, agent: str | None = None) -> SessionStart:
        """Open a console session."""
        cookie = secrets.token_urlsafe(SESSION_BYTES)
        await self._store.add_session(
            member, secret_hash(cookie), SESSION_KIND, float(self._lifetimes.session_s), address, agent
        )
        return SessionStart(member=member, cookie=cookie, csrf=self.csrf_token(cookie))

    async def check_session(self, cookie: str) -> StaffMember:
        """Return the member of a session cookie.

        Raises: SignInRefusedError.
        """
        user = await self._store.use_session(secret_hash(cookie), SESSION_KIND)
        if user is None:
            raise SignInRefusedError("the session has ended: sign in again")
        return await self._live_member(user, None)

    async def end_session(self, cookie: str) -> None:
        """Sign out; unknown sessions are no error."""
        await self._store.end_session(secret_hash(cookie), SESSION_KIND)

    async def sessions(self, member: StaffMember) -> Sequence[StaffSession]:
        """Return where a member is signed in, the place used last first."""
        return await self._store.sessions_of(member.id)

    async def end_one(self, member: StaffMember, session: UUID) -> bool:
        """Sign a member out in one place, with its live connections; False when they are not signed in there."""
        return await self._store.end_sessions_of(member.id, [session]) > 0

    async def end_others(self, member: StaffMember, cookie: str) -> int:
        """Sign a member out everywhere but in the browser that has this cookie; return in how many places."""
        here = secret_hash(cookie)
        others = [one.id for one in await self._store.sessions_of(member.id) if one.token_hash != here]
        return await self._store.end_sessions_of(member.id, others)

    async def end_everywhere(self, member: StaffMember) -> None:
        """Sign a member out on all devices: sessions, tokens and live connections."""
        await self._store.end_all_sessions(member.id)

    async def change_password(self, member: StaffMember, current: str, new: str) -> None:
        """Change a member's own password; they are signed out everywhere.

        Raises: SignInRefusedError when `current` is not the password.
        """
        await self.check_password(member.email, current)
        await self._store.set_password(member.id, await self._passwords.hash(new))

    async def colleagues(self, member: StaffMember) -> Sequence[StaffRecord]:
        """Return the staff of the member's shop."""
        return await self._store.of_shop(member.shop)

    async def set_active(self, member: StaffMember, user: UUID, active: bool) -> StaffRecord | None:
        """Put a colleague out, or let them in again; None when the shop has nobody of this id."""
        if await self._colleague(member, user) is None:
            return None
        await self._store.set_active(user, active)
        return await self._store.by_id(user)

    async def invite(self, member: StaffMember, email: str, name: str, role: Role) -> tuple[StaffRecord, str] | None:
        """Add a colleague; return them with a password to be passed on, None when the address is somebody's already.

        The password is told once: only its hash is stored.
        """
        password = secrets.token_urlsafe(FIRST_PASSWORD_BYTES)
        user = await self._store.insert_user(
            member.shop, email=email, name=name, role=role.value, password_hash=await self._passwords.hash(password)
        )
        record = await self._store.by_id(user) if user is not None else None
        return None if record is None else (record, password)

    async def set_role(self, member: StaffMember, user: UUID, role: Role) -> StaffRecord | None:
        """Give a colleague another role; they are signed out everywhere. None when the shop has nobody of this id."""
        record = await self._colleague(member, user)
        if record is None or record.member.role == role.value:
            return record
        await self._store.set_role(user, role.value)
        return await self._store.by_id(user)

    async def reset_password(self, member: StaffMember, user: UUID) -> str | None:
        """Give a colleague a new password to be passed on; they are signed out everywhere. None: nobody of this id."""
        if await self._colleague(member, user) is None:
            return None
        password = secrets.token_urlsafe(FIRST_PASSWORD_BYTES)
        await self._store.set_password(user, await self._passwords.hash(password))
        return password

    async def _colleague(self, member: StaffMember, user: UUID) -> StaffRecord | None:
        record = await self._store.by_id(user)
        return record if record is not None and record.member.shop == member.shop else None

    async def are_valid(self, sign_ins: Sequence[SignIn]) -> list[bool]:
        """Return of each whether it still holds: the account as it was, and the session not ended."""
        generations = await self._store.generations(list({sign_in.user for sign_in in sign_ins}))
        hashes = {sign_in.session for sign_in in sign_ins if sign_in.session is not None}
        live = await self._store.live_sessions(list(hashes)) if hashes else frozenset[str]()
        return [
            generations.get(sign_in.user) == sign_in.generation and (sign_in.session is None or sign_in.session in live)
            for sign_in in sign_ins
        ]

    def csrf_token(self, cookie: str) -> str:
        """Return the CSRF token of a session: an HMAC of its cookie, so that nothing has to be stored."""
        return hmac.new(self._csrf_key.encode(), b"csrf:" + cookie.encode(), hashlib.sha256).hexdigest()

    def is_csrf_token_genuine(self, cookie: str, token: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self.csrf_token(cookie).encode(), token.encode())

    async def _live_member(self, user: UUID, generation: int | None) -> StaffMember:
        record = await self._store.by_id(user)
        if record is None or not record.active:
            raise SignInRefusedError("this account is not active")
        if generation is not None and generation != record.member.generation:
            raise SignInRefusedError("the token was revoked: sign in again")
        return record.member
