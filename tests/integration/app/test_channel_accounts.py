"""Accounts of vendors over REST and on the command line: connected, changed, switched off; secrets never read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import commands
from app.db import models
from app.domain.people import Role
from app.settings import get_settings
from tests.integration.app.rig import Product
from tests.integration.app.vendors import INSTAGRAM, MESSENGER, WHATSAPP

NOBODY = {"api_base": "http://127.0.0.1:1"}  # where nobody listens
ACCOUNTS = "/api/channels/accounts/"


async def connect(rig: Product, kind: str = "messenger", **fields: str) -> dict[str, Any]:
    async with await rig.signed_in(Role.ADMIN) as client:
        answer = await client.post(ACCOUNTS, json={"kind": kind, "fields": {**MESSENGER, **fields}})
    assert answer.status_code == 201, answer.text
    account: dict[str, Any] = answer.json()
    return account


async def test_an_admin_connects_and_changes_an_account(rig: Product) -> None:
    account = await connect(rig)
    assert (account["external_id"], account["name"], account["active"]) == ("1001", "Messenger", True)
    assert account["fields"] == {"page_id": "1001"}
    assert account["secrets"] == ["app_secret", "page_token", "verify_token"]
    path = f"{ACCOUNTS}{account['id']}/"
    async with await rig.signed_in(Role.OWNER) as client:
        changed = await client.patch(path, json={"name": "Our page", "fields": {"page_token": "new", "app_id": "7"}})
        assert (changed.json()["name"], changed.json()["fields"]) == ("Our page", {"page_id": "1001", "app_id": "7"})
        listed = (await client.get(ACCOUNTS)).json()
        removed = (await client.delete(path)).json()
    assert [one["id"] for one in listed["accounts"]] == [account["id"]]
    assert {one["kind"] for one in listed["kinds"]} >= {"whatsapp", "messenger", "instagram", "shopify"}
    whatsapp = next(one for one in listed["kinds"] if one["kind"] == "whatsapp")
    assert whatsapp["webhook_url"].endswith("/api/webhooks/whatsapp/#rc=5&rp=all")
    assert (removed["active"], removed["secrets"]) == (False, [])
    actions = [row.action for row in await rig.rows(models.AuditEntry)]
    assert sorted(actions) == ["channel.added", "channel.changed", "channel.removed"]


async def test_secrets_are_never_read_back(rig: Product) -> None:
    account = await connect(rig)
    async with await rig.signed_in(Role.OWNER) as client:
        answers = [await client.get(ACCOUNTS), await client.patch(f"{ACCOUNTS}{account['id']}/", json={})]
    for answer in answers:
        assert not any(secret in answer.text for secret in ("page-token", "app-secret", "verify-me"))


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        ("fax", {}, "kind"),
        ("web", {}, "kind"),
        ("messenger", {}, "page_id"),
        ("messenger", {**MESSENGER, "number": "1"}, "number"),
        ("messenger", {**MESSENGER, "app_secret": "über"}, "app_secret"),
        ("messenger", {**MESSENGER, "app_secret": "a\nb"}, "app_secret"),
        ("instagram", {**INSTAGRAM, "setup": "google"}, "setup"),
        ("whatsapp", {**WHATSAPP, "api_base": "http://10.0.0.1/"}, "api_base"),
        ("whatsapp", {**WHATSAPP, "api_base": "https://user@evil.example"}, "api_base"),
        ("shopify", {"shop_domain": "shop.example", "client_secret": "x"}, "name no account"),
    ],
)
async def test_what_cannot_be_connected(rig: Product, kind: str, fields: dict[str, str], named: str) -> None:
    async with await rig.signed_in(Role.OWNER) as client:
        answer = await client.post(ACCOUNTS, json={"kind": kind, "fields": fields})
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


async def test_one_account_is_one_shops(rig: Product) -> None:
    account = await connect(rig)
    async with await rig.signed_in(Role.OWNER, rig.other) as client:
        again = await client.post(ACCOUNTS, json={"kind": "messenger", "fields": MESSENGER})
        theirs = await client.patch(f"{ACCOUNTS}{account['id']}/", json={"active": False})
        listed = await client.get(ACCOUNTS)
        logs = await client.get("/api/webhook-logs/")
    assert (again.status_code, theirs.status_code) == (409, 404)
    assert (listed.json()["accounts"], logs.json()) == ([], [])


@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
async def test_agents_do_not_see_accounts(rig: Product, role: Role) -> None:
    async with await rig.signed_in(role) as client:
        assert (await client.get(ACCOUNTS)).status_code == 403


def test_the_command_connects_lists_and_checks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTIFY_VAR_DIR", str(folder))
    get_settings.cache_clear()
    runner = CliRunner()

    def run(*arguments: str) -> Any:
        return runner.invoke(commands, arguments)

    try:
        owner = ["--name", "Shop", "--owner", "owner@shop.test", "--password", "a-long-password-of-tests"]
        assert run("init", *owner).exit_code == 0
        fields = [part for name, value in {**WHATSAPP, **NOBODY}.items() for part in ("--field", f"{name}={value}")]
        added = run("channel", "add", "whatsapp", *fields)
        assert added.exit_code == 0, added.output
        assert "/api/webhooks/whatsapp/#rc=5&rp=all" in added.output
        assert run("channel", "add", "whatsapp", *fields).exit_code == 0  # again: new values, no error
        assert "AC1/+14155550199" in run("channel", "list").output
        checked = run("channel", "check").output
        assert "AC1/+14155550199" in checked
        assert "unseen" in checked
        assert "vendor_not_reached" in checked
        wrong = run("channel", "add", "whatsapp", "--field", "nonsense")
        assert wrong.exit_code == 1
        assert "NAME=VALUE" in str(wrong.exception)
    finally:
        get_settings.cache_clear()
