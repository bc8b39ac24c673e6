from __future__ import annotations

import pytest

from app.auth.identity import dated_hash, identity_hash, is_identity_genuine
from app.auth.passwords import Passwords
from app.auth.roles import Permission, is_allowed
from app.domain.people import Role

NOW = 1_800_000_000.0


def test_the_hash_is_the_published_hmac() -> None:
    # RFC 4231, test case 2.
    assert (
        identity_hash("Jefe", "what do ya want for nothing?")
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_only_the_right_hash_is_genuine() -> None:
    good = identity_hash("secret", "cust_42")
    assert is_identity_genuine("secret", "cust_42", good, NOW)
    for identity, given in (("cust_43", good), ("cust_42", good.upper()), ("cust_42", good[:-1]), ("cust_42", "é")):
        assert not is_identity_genuine("secret", identity, given, NOW)
    assert not is_identity_genuine("", "cust_42", identity_hash("", "cust_42"), NOW)


def test_a_dated_hash_is_good_until_then_and_for_nothing_else() -> None:
    good = dated_hash("secret", "42", int(NOW) + 900)
    signature = good.partition(".")[2]
    assert is_identity_genuine("secret", "42", good, NOW)
    assert is_identity_genuine("secret", "42", good, NOW + 899)
    assert not is_identity_genuine("secret", "42", good, NOW + 900)
    for identity, given in (
        ("43", good),
        ("42", f"{int(NOW) + 9000}.{signature}"),
        ("42", signature),
        ("42", f".{signature}"),
        ("42", f"{int(NOW)}e9.{signature}"),
        ("42", f"{int(NOW) + 900}.{identity_hash('secret', f'{int(NOW) + 900}.42')}"),
    ):
        assert not is_identity_genuine("secret", identity, given, NOW), given
    assert not is_identity_genuine("secret", f"{int(NOW) + 900}.42", signature, NOW)


async def test_passwords_match_only_their_own_hash() -> None:
    passwords = Passwords()
    encoded = await passwords.hash("correct horse battery")
    assert await passwords.matches(encoded, "correct horse battery")
    assert not await passwords.matches(encoded, "correct horse batterz")
    assert not await passwords.matches(None, "a password that nobody has")
    assert not await passwords.matches("not a hash", "correct horse battery")
    with pytest.raises(ValueError, match="10 to 256"):
        await passwords.hash("short")


def test_roles_only_ever_lose_permissions_downwards() -> None:
    def held(role: Role) -> set[Permission]:
        return {permission for permission in Permission if is_allowed(role, permission)}

    assert held(Role.VIEWER) < held(Role.AGENT) < held(Role.ADMIN) < held(Role.OWNER)
    assert not is_allowed(None, Permission.READ_CONVERSATIONS)
    assert not is_allowed("superuser", Permission.READ_CONVERSATIONS)
