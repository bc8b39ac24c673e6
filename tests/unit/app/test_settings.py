"""Settings: what is refused and how it is said, the secret of development, the page about them."""

from __future__ import annotations

import multiprocessing
import multiprocessing.queues
import multiprocessing.synchronize
import os
import runpy
import stat
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.settings import Environment, Settings, get_settings, kept_secret

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("ASSISTIFY_"):
            monkeypatch.delenv(name)
    get_settings.cache_clear()


def problems(monkeypatch: pytest.MonkeyPatch, **variables: str) -> str:
    """Read settings from these variables; return the refusal."""
    for name, value in variables.items():
        monkeypatch.setenv(f"ASSISTIFY_{name.upper()}", value)
    with pytest.raises(ConfigurationError) as refusal:
        get_settings()
    return str(refusal.value)


def test_every_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problems(
        monkeypatch,
        port="eight",
        environment="prod",
        database_url="postgres://here",
        redis_url="localhost:6379",
        public_url="shop.example",
        log_level="LOUD",
        coalesce_ms="-1",
    )
    for name in ("PORT", "ENVIRONMENT", "DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "LOG_LEVEL", "COALESCE_MS"):
        assert f"ASSISTIFY_{name}: " in said
    assert "postgresql+asyncpg://" in said
    assert "redis://HOST:PORT" in said


def test_a_stand_in_for_a_vendor_is_for_tests_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "http://127.0.0.1:PORT" in problems(monkeypatch, shopify_stand_in="http://shop.example")
    said = problems(monkeypatch, environment="production", shopify_stand_in="http://127.0.0.1:9000")
    assert "ASSISTIFY_SHOPIFY_STAND_IN: a stand-in for a vendor is for tests" in said
    assert "ASSISTIFY_SHOPIFY_CLIENT_SECRET: " in problems(monkeypatch, shopify_client_id="id")


def test_production_names_all_that_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problems(monkeypatch, environment="production")
    assert "ASSISTIFY_SECRET_KEY: must have at least 32 characters in production" in said
    assert "ASSISTIFY_PUBLIC_URL: must be an https:// address in production" in said


@pytest.mark.parametrize("url", ["http://shop.example", "https://", "shop.example"])
def test_production_refuses_addresses_that_are_not_https(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    said = problems(monkeypatch, environment="production", secret_key="s" * 40, public_url=url)
    assert "ASSISTIFY_PUBLIC_URL" in said


def test_a_short_secret_is_refused_in_production_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    said = problems(monkeypatch, environment="production", secret_key="hunter2", public_url="https://a.example")
    assert "ASSISTIFY_SECRET_KEY" in said
    assert "hunter2" not in said


def test_a_good_production_configuration_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTIFY_ENVIRONMENT", "production")
    monkeypatch.setenv("ASSISTIFY_SECRET_KEY", "s" * 32)
    monkeypatch.setenv("ASSISTIFY_PUBLIC_URL", "https://support.shop.example/")
    monkeypatch.setenv("ASSISTIFY_LOG_LEVEL", "debug")
    settings = get_settings()
    assert settings.is_production
    assert settings.resolved_public_url == "https://support.shop.example"
    assert settings.log_level == "DEBUG"


def test_development_needs_nothing(tmp_path: Path) -> None:
    settings = Settings(var_dir=tmp_path)
    assert settings.environment is Environment.DEVELOPMENT
    assert settings.resolved_public_url == "http://127.0.0.1:8000"
    assert settings.resolved_database_url == f"sqlite+aiosqlite:///{tmp_path}/assistify.db"
    assert settings.resolved_secret_key() == Settings(var_dir=tmp_path).resolved_secret_key()


def test_a_var_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="ASSISTIFY_VAR_DIR"):
        Settings(var_dir=tmp_path / "file").make_var_dir()


def test_secrets_are_not_shown_in_the_settings(tmp_path: Path) -> None:
    assert "topsecret" not in repr(Settings(var_dir=tmp_path, secret_key="topsecret", demo_password="topsecret"))  # type: ignore[arg-type]


def test_a_kept_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "secret"
    secret = kept_secret(path)
    assert len(secret) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["secret"]


def test_an_empty_secret_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(ConfigurationError, match="delete it"):
        kept_secret(tmp_path / "secret")


def _keep(path: Path, start: multiprocessing.synchronize.Barrier, found: multiprocessing.queues.Queue[str]) -> None:
    start.wait(30)
    found.put(kept_secret(path))


def test_processes_that_start_at_once_keep_one_secret(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    count = 4
    start, found = fork.Barrier(count), fork.Queue()
    processes = [fork.Process(target=_keep, args=(tmp_path / "secret", start, found)) for _ in range(count)]
    for process in processes:
        process.start()
    secrets = {found.get(timeout=30) for _ in processes}
    for process in processes:
        process.join(30)
    assert secrets == {(tmp_path / "secret").read_text()}


def test_the_page_about_settings_is_up_to_date() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "settings_page.py"))
    page = script["PAGE"].read_text()
    assert page == script["settings_page"](), "run scripts/settings_page.py"
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`ASSISTIFY_{name.upper()}`" in page
