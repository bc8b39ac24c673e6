"""The commands about data, on a var folder of their own."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import func, select

from app.bootstrap.core import open_core
from app.db import models
from app.errors import AssistifyError
from app.settings import get_settings
from tests.integration.app.typed import done, refused, run

INIT = ["init", "--name", "Tent Shop", "--owner", "Olga@Shop.test", "--password", "a-good-password"]
PRODUCTS = "external_id,title,price,currency\np1,Tent,129.00,EUR\np2,Cup,9.50,EUR\n"


@pytest.fixture(autouse=True)
def _environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in list(os.environ):
        if name.startswith("ASSISTIFY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ASSISTIFY_VAR_DIR", str(folder))
    get_settings.cache_clear()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    get_settings.cache_clear()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def rows(model: type[models.Base]) -> list[Any]:
    async def read() -> list[Any]:
        async with open_core(get_settings()) as core, core.database.read_session() as session:
            return list(await session.scalars(select(model)))

    return asyncio.run(read())


def count(model: type[models.Base]) -> int:
    async def read() -> int:
        async with open_core(get_settings()) as core, core.database.read_session() as session:
            return await session.scalar(select(func.count()).select_from(model)) or 0

    return asyncio.run(read())


def test_init_makes_a_shop_once() -> None:
    said = done(*INIT, "--origin", "https://Shop.example/", "--currency", "CHF", "--timezone", "Europe/Zurich")
    (shop,) = rows(models.Shop)
    (owner,) = rows(models.User)
    assert shop.widget_key in said
    assert shop.widget_secret in said
    assert (shop.currency, shop.timezone, shop.origins) == ("CHF", "Europe/Zurich", ["https://shop.example"])
    assert (owner.email, owner.role, owner.shop_id) == ("olga@shop.test", "owner", shop.id)
    assert "a-good-password" not in said
    again = done(*INIT)
    assert shop.widget_key in again
    assert (count(models.Shop), count(models.User)) == (1, 1)
    assert rows(models.User)[0].password_hash == owner.password_hash


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--password", "short"], "10 to 256 characters"),
        (["--owner", "nobody"], "no e-mail address"),
        (["--timezone", "Mars/Olympus"], "--timezone"),
        (["--timezone", "../../etc/passwd"], "--timezone"),
        (["--currency", "euro"], "--currency"),
        (["--origin", "shop.example"], "--origin"),
        (["--origin", "https://shop.example/pages"], "--origin"),
        (["--name", " "], "--name"),
    ],
)
def test_init_refuses_what_would_not_work_and_makes_nothing(arguments: list[str], said: str) -> None:
    assert said in refused(*INIT, *arguments)
    assert count(models.Shop) == 0


def test_an_address_is_of_one_shops_staff() -> None:
    done(*INIT)
    other = [*INIT]
    other[2] = "Another Shop"
    assert "another shop's staff" in refused(*other)
    other[4] = "omar@shop.test"
    done(*other)
    user = ["user", "add", "olga@shop.test", "--name", "X", "--password", "a-good-password"]
    assert "several shops" in refused(*user)
    assert "another shop's staff" in refused(*user, "--shop", "Another Shop")
    assert "no such shop" in refused(*user, "--shop", "Third Shop")


def test_users_are_added_and_changed() -> None:
    assert "assistify init" in refused("user", "add", "a@b.test", "--name", "A", "--password", "a-good-password")
    done(*INIT)
    add = ["user", "add", "Vera@Shop.test", "--name", "Vera", "--role", "viewer"]
    assert "viewer" in done(*add, "--password", "a-good-password")
    done(*add[:-1], "agent", "--password", "another-password")
    vera = next(user for user in rows(models.User) if user.email == "vera@shop.test")
    assert (vera.role, vera.token_version) == ("agent", 2)
    assert "10 to 256" in refused(*add, "--password", "short")
    assert run(*add, "--role", "king", "--password", "a-good-password").exit_code == 2


def test_records_are_imported_previewed_and_refused(tmp_path: Path) -> None:
    done(*INIT)
    file = tmp_path / "products.csv"
    file.write_text(PRODUCTS)
    assert "2 rows are good" in done("import", "products", str(file), "--preview")
    assert count(models.Product) == 0
    assert "2 created, 0 updated in Tent Shop." in done("import", "products", str(file))
    assert "0 created, 2 updated" in done("import", "products", str(file))

    file.write_text(PRODUCTS + "p3,Broken,cheap,EUR\n")
    result = run("import", "products", str(file))
    assert isinstance(result.exception, AssistifyError)
    assert "1 of the rows cannot be imported" in result.output
    assert re.search(r"3 +. .*price", result.output)
    assert count(models.Product) == 2
    assert "0 created, 2 updated" in done("import", "products", str(file), "--skip-errors")
    assert "there is no import of invoices" in refused("import", "invoices", str(file))
    assert "cannot be read" in refused("import", "products", str(tmp_path / "none.csv"))

    orders = tmp_path / "orders.csv"
    orders.write_text("number,status,placed_at,total,currency,customer\n1,shipped,2026-11-20T10:00:00Z,5,EUR,cust_1\n")
    assert "1 of them name a customer that is not there" in done("import", "orders", str(orders))


def test_a_report_shows_the_first_errors_and_how_many_follow(tmp_path: Path) -> None:
    file = tmp_path / "products.json"
    file.write_text("[" + ",".join(["7"] * 50) + "]")
    result = run("import", "products", str(file))
    assert "50 of the rows" in result.output
    assert "and 30 more" in result.output


def test_the_demo_is_loaded_once_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTIFY_DEMO_PASSWORD", "a-demo-password")
    tables = (
        models.Shop,
        models.User,
        models.Product,
        models.Order,
        models.Customer,
        models.Article,
        models.Interaction,
    )
    assert "a-demo-password" in done("seed-demo")
    before = [count(table) for table in tables]
    assert before[:2] == [1, 3]
    assert before[2] >= 60
    assert before[3:6] == [150, 40, 12]
    hashes = {user.email: user.password_hash for user in rows(models.User)}
    done("seed-demo")
    assert [count(table) for table in tables] == before
    assert {user.email: user.password_hash for user in rows(models.User)} == hashes
    (shop,) = rows(models.Shop)
    assert (shop.widget_key, shop.name) == ("wk_demo", "Demo Outfitters")
    (order,) = [one for one in rows(models.Order) if one.number.lstrip("#") == "1042"]
    assert (order.carrier, order.tracking_code) == ("UPS", "1Z999AA10123456784")
    (ana,) = [one for one in rows(models.Customer) if one.external_id == "cust_42"]
    assert order.customer_id == ana.id


def test_the_demo_password_is_made_once_when_none_is_set() -> None:
    first, second = (done("seed-demo").split()[-1] for _ in range(2))
    assert first == second
    assert len(first) >= 12


def test_production_refuses_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTIFY_ENVIRONMENT", "production")
    monkeypatch.setenv("ASSISTIFY_SECRET_KEY", "s" * 40)
    monkeypatch.setenv("ASSISTIFY_PUBLIC_URL", "https://shop.example")
    assert "not for production" in refused("seed-demo")
    assert count(models.Shop) == 0
    assert "not for production" in refused("web", "--demo", "--port", "0")


def test_migrate_makes_a_database_from_nothing(folder: Path) -> None:
    (folder / "assistify.db").unlink()
    assert "newest schema" in done("migrate")
    assert count(models.Shop) == 0
    done("migrate")


def test_doctor_tells_what_is_wrong_and_how_to_mend_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTIFY_WEB_DIST", str(folder / "no-build"))
    monkeypatch.setenv("ASSISTIFY_RESPONDER_DIR", str(folder / "no-model"))
    monkeypatch.setenv("ASSISTIFY_REDIS_URL", "redis://127.0.0.1:1/0")
    (folder / "assistify.db").unlink()
    result = run("doctor")
    assert result.exit_code == 1
    lines = {line.split("│")[1].strip(): line for line in result.output.splitlines() if line.count("│") > 3}
    assert "ok" in lines["configuration"]
    assert "ok" in lines["database"]
    assert "assistify migrate" in lines["migrations"]
    assert "ASSISTIFY_REDIS_URL" in lines["bus"]
    assert "model directories" in lines["models"]
    assert "make setup" in lines["web build"]


def test_doctor_finds_misspelt_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTIFY_DATABSE_URL", "postgresql+asyncpg://here")
    monkeypatch.setenv("ASSISTIFY_OWNER_PASSWORD", "known to init")
    result = run("doctor")
    assert result.exit_code == 1
    assert "unknown: ASSISTIFY_DATABSE_URL" in result.output


def test_square_brackets_in_a_file_are_shown_as_they_are(tmp_path: Path) -> None:
    done(*INIT[:2], "[/bold] Shop", *INIT[3:])
    file = tmp_path / "orders.json"
    file.write_text(
        '[{"number": "1", "status": "[/x]", "placed_at": "2026-11-20T10:00:00Z", "total": 1, "currency": "EUR"}]'
    )
    assert "[/x]" in run("import", "orders", str(file)).output
    products = tmp_path / "products.csv"
    products.write_text(PRODUCTS)
    assert "in [/bold] Shop." in done("import", "products", str(products))


def test_doctor_is_content_with_a_good_set_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "dist").mkdir()
    (folder / "dist" / "widget.js").write_text("")
    monkeypatch.setenv("ASSISTIFY_WEB_DIST", str(folder / "dist"))
    monkeypatch.setenv("ASSISTIFY_TORCH_THREADS", "1")
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "wrong" not in result.output


def test_recommenders_are_trained_by_command() -> None:
    done("seed-demo")
    assert "Demo Outfitters: " in done("train", "recommender")


def test_a_wrong_setting_is_one_line_and_exit_code_1(folder: Path) -> None:
    """As a user sees it: the command itself, not its function."""
    command = Path(sys.executable).with_name("assistify")
    environment = {**os.environ, "ASSISTIFY_PORT": "eight", "ASSISTIFY_VAR_DIR": str(folder)}
    ended = subprocess.run([command, "migrate"], env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "ASSISTIFY_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr
