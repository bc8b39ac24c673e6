"""Users of the staff and their sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.exc import IntegrityError

from app.db import models
from app.db.base import utc_now
from app.db.database import Database
from app.domain.staff import StaffMember, StaffRecord, StaffSession

SEEN_EVERY = timedelta(minutes=5)


class SqlStaff:
    """Reads and writes users and sessions; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_email(self, email: str) -> StaffRecord | None:
        """Return the user with this e-mail address (lower case)."""
        async with self._database.read_session() as session:
            return _record(await session.scalar(select(models.User).where(models.User.email == email)))

    async def by_id(self, user: UUID) -> StaffRecord | None:
        """Return a user."""
        async with self._database.read_session() as session:
            return _record(await session.get(models.User, user))

    async def add_session(
        self, user: StaffMember, token_hash: str, kind: str, ttl_s: float, address: str | None, agent: str | None
    ) -> None:
        """Store a session that ends by itself after `ttl_s` seconds."""
        now = utc_now()
        async with self._database.write_session() as session:
            session.add(
                models.Session(
                    shop_id=user.shop,
                    user_id=user.id,
                    token_hash=token_hash,
                    kind=kind,
                    address=address,
                    agent=agent,
                    created_at=now,
                    last_used_at=None,
                    expires_at=now + timedelta(seconds=ttl_s),
                    revoked_at=None,
                )
            )
            await session.commit()

    async def use_session(self, token_hash: str, kind: str) -> UUID | None:
        """Return the user of a live session; its last use is noted to some minutes."""
        async with self._database.read_session() as session:
            row = await session.scalar(
                select(models.Session).where(models.Session.token_hash == token_hash, models.Session.kind == kind)
            )
        now = utc_now()
        if row is None or row.revoked_at is not None or row.expires_at <= now:
            return None
        if row.last_used_at is None or row.last_used_at < now - SEEN_EVERY:
            await self._see(row.id, now)
        return row.user_id

    async def _see(self, row: UUID, now: datetime) -> None:
        async with self._database.write_session() as session:
            await session.execute(update(models.Session).where(models.Session.id == row).values(last_used_at=now))
            await session.commit()

    async def sessions_of(self, user: UUID) -> Sequence[StaffSession]:
        """Return the live sessions of a user."""
        table = models.Session
        used = func.coalesce(table.last_used_at, table.created_at)
        async with self._database.read_session() as session:
            rows = await session.scalars(select(table).where(*_live(user)).order_by(used.desc(), table.id))
            return [
                StaffSession(
                    id=row.id,
                    token_hash=row.token_hash,
                    kind=row.kind,
                    address=row.address,
                    agent=row.agent,
                    created_at=row.created_at,
                    last_used_at=row.last_used_at,
                )
                for row in rows
            ]

    async def end_sessions_of(self, user: UUID, sessions: Sequence[UUID]) -> int:
        """End sessions of a user; return how many."""
        return len(await self._end_of(user, sessions))

    async def _end_of(self, user: UUID, sessions: Sequence[UUID]) -> Sequence[tuple[str, str]]:
        """End sessions of a user; return token hash and kind of each that was live."""
        table = models.Session
        async with self._database.write_session() as session:
            ended = await session.execute(
                update(table)
                .where(*_live(user), table.id.in_(sessions))
                .values(revoked_at=utc_now())
                .returning(table.token_hash, table.kind)
                .execution_options(synchronize_session=False)
            )
            rows = [(token_hash, kind) for token_hash, kind in ended]
            await session.commit()
        return rows

    async def end_session(self, token_hash: str, kind: str) -> UUID | None:
        """End a live session; return its user. Of two calls at once only one gets it."""
        async with self._database.write_session() as session:
            user = await session.scalar(
                update(models.Session)
                .where(
                    models.Session.token_hash == token_hash,
                    models.Session.kind == kind,
                    models.Session.revoked_at.is_(None),
                    models.Session.expires_at > utc_now(),
                )
                .values(revoked_at=utc_now())
                .returning(models.Session.user_id)
            )
            await session.commit()
        return user

    async def was_session(self, token_hash: str, kind: str) -> UUID | None:
        """Return the user of a session that was ended."""
        async with self._database.read_session() as session:
            return await session.scalar(
                select(models.Session.user_id).where(
                    models.Session.token_hash == token_hash,
                    models.Session.kind == kind,
                    models.Session.revoked_at.is_not(None),
                )
            )

    async def end_all_sessions(self, user: UUID) -> None:
        """End all sessions of a user and make all tokens issued so far void."""
        async with self._database.write_session() as session:
            await session.execute(
                update(models.Session)
                .where(models.Session.user_id == user, models.Session.revoked_at.is_(None))
                .values(revoked_at=utc_now())
            )
            await session.execute(
                update(models.User).where(models.User.id == user).values(token_version=models.User.token_version + 1)
            )
            await session.commit()

    async def generations(self, users: Sequence[UUID]) -> Mapping[UUID, int]:
        """Return the generation of each of these users that is active."""
        async with self._database.read_session() as session:
            rows = await session.execute(
                select(models.User.id, models.User.token_version).where(
                    models.User.id.in_(users), models.User.active.is_(True)
                )
            )
            return {user: generation for user, generation in rows}

    async def live_sessions(self, token_hashes: Sequence[str]) -> Set[str]:
        """Return which of these sessions have not ended."""
        async with self._database.read_session() as session:
            rows = await session.scalars(
                select(models.Session.token_hash).where(
                    models.Session.token_hash.in_(token_hashes),
                    models.Session.revoked_at.is_(None),
                    models.Session.expires_at > utc_now(),
                )
            )
            return set(rows)

    async def of_shop(self, shop: UUID) -> Sequence[StaffRecord]:
        """Return the staff of a shop, by name."""
        async with self._database.read_session() as session:
            rows = await session.scalars(
                select(models.User).where(models.User.shop_id == shop).order_by(models.User.name, models.User.id)
            )
            return [record for row in rows if (record := _record(row)) is not None]

    async def set_active(self, user: UUID, active: bool) -> None:
        """Let a user sign in, or no more; who is put out has no session and no token left."""
        async with self._database.write_session() as session:
            await session.execute(update(models.User).where(models.User.id == user).values(active=active))
            await session.commit()
        if not active:
            await self.end_all_sessions(user)

    async def set_password(self, user: UUID, password_hash: str) -> None:
        """Give a user another password; what they were signed in with has ended then."""
        async with self._database.write_session() as session:
            await session.execute(update(models.User).where(models.User.id == user).values(password_hash=password_hash))
            await session.commit()
        await self.end_all_sessions(user)

    async def set_role(self, user: UUID, role: str) -> None:
        """Give a user another role; what they were signed in with has ended then."""
        async with self._database.write_session() as session:
            await session.execute(update(models.User).where(models.User.id == user).values(role=role))
            await session.commit()
        await self.end_all_sessions(user)

    async def insert_user(self, shop: UUID, *, email: str, name: str, role: str, password_hash: str) -> UUID | None:
        """Add a user; return the id, or None when somebody has this e-mail address already, in whatever shop."""
        async with self._database.write_session() as session:
            row = models.User(
                shop_id=shop, email=email, name=name, role=role, password_hash=password_hash, last_seen_at=None
            )
            session.add(row)
            try:
                await session.commit()
            except IntegrityError:
                return None
            return row.id

    async def add_user(self, shop: UUID, *, email: str, name: str, role: str, password_hash: str) -> UUID:
        """Add a user, or give the one with this e-mail address a new name, role and password; return the id.

        What a known user was signed in with has ended then.
        """
        async with self._database.write_session() as session:
            row = await session.scalar(select(models.User).where(models.User.email == email).with_for_update())
            if row is None:
                row = models.User(
                    shop_id=shop, email=email, name=name, role=role, password_hash=password_hash, last_seen_at=None
                )
                session.add(row)
            else:
                row.name, row.role, row.password_hash, row.active = name, role, password_hash, True
                row.token_version += 1
                await session.execute(
                    update(models.Session)
                    .where(models.Session.user_id == row.id, models.Session.revoked_at.is_(None))
                    .values(revoked_at=utc_now())
                )
            await session.commit()
            return row.id


def _live(user: UUID) -> tuple[ColumnElement[bool], ...]:
    table = models.Session
    return (table.user_id == user, table.revoked_at.is_(None), table.expires_at > utc_now())


def _record(row: models.User | None) -> StaffRecord | None:
    if row is None:
        return None
    return StaffRecord(
        member=StaffMember(
            id=row.id,
            shop=row.shop_id,
            name=row.name,
            email=row.email,
            role=row.role,
            generation=row.token_version,
        ),
        password_hash=row.password_hash,
        active=row.active,
    )
