"""Write docs/howto/configure.md from the settings: `python scripts/settings_page.py`. A test fails when it is stale."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.settings import Settings

PAGE = Path(__file__).parent.parent / "docs" / "howto" / "configure.md"

_HEAD = """# Configure

Every setting is an environment variable. None is needed for a first start; production needs `ASSISTIFY_ENVIRONMENT`,
`ASSISTIFY_SECRET_KEY` and `ASSISTIFY_PUBLIC_URL`, and more than one process needs `ASSISTIFY_DATABASE_URL` and
`ASSISTIFY_REDIS_URL`. A wrong value stops the start with the name of every variable that is wrong;
`assistify doctor` checks what the values lead to.

| variable | default | meaning |
|---|---|---|
"""

_FOOT = """
Two more are read by single commands, so that a password need not be typed: `ASSISTIFY_OWNER_PASSWORD` by
`assistify init`, `ASSISTIFY_USER_PASSWORD` by `assistify user add`.

This page is generated from `app/settings.py` by `scripts/settings_page.py`.
"""


def settings_page() -> str:
    """Return the page."""
    rows = [_row(name, field) for name, field in Settings.model_fields.items()]
    return _HEAD + "\n".join(rows) + "\n" + _FOOT


def _row(name: str, field: FieldInfo) -> str:
    meaning = (field.description or "").replace("|", "\\|")
    return f"| `ASSISTIFY_{name.upper()}` | {_default(name, field.default)} | {meaning} |"


def _default(name: str, value: Any) -> str:
    if name == "web_dist":
        return "`web/dist`"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Enum):
        value = value.value
    if value is None or value == "":
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    PAGE.write_text(settings_page())
