"""Password hashes: Argon2id, in a thread, few at a time (each takes 64 MiB and about 0.2 s)."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

PARALLEL_HASHES = 2
_HASHER = PasswordHasher()
MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 256


@lru_cache(maxsize=1)
def _decoy() -> str:
    """Return the hash that is checked when there is no such user, so that the answer takes as long as for a known."""
    return _HASHER.hash("a password that nobody has")


class Passwords:
    """Hashes and checks passwords without stopping the event loop."""

    def __init__(self) -> None:
        self._slots = asyncio.Semaphore(PARALLEL_HASHES)
        _decoy()

    async def hash(self, password: str) -> str:
        """Return the encoded hash of a password.

        Raises: ValueError when the password is too short or too long.
        """
        if not MIN_PASSWORD_CHARS <= len(password) <= MAX_PASSWORD_CHARS:
            raise ValueError(f"a password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters")
        async with self._slots:
            return await asyncio.to_thread(_HASHER.hash, password)

    async def matches(self, encoded: str | None, password: str) -> bool:
        """Return whether the password belongs to the hash; `encoded` None takes as long and is never true."""
        if len(password) > MAX_PASSWORD_CHARS:
            return False
        async with self._slots:
            return await asyncio.to_thread(_verify, encoded or _decoy(), password) and encoded is not None


def _verify(encoded: str, password: str) -> bool:
    try:
        return _HASHER.verify(encoded, password)
    except (VerificationError, InvalidHashError):
        return False
