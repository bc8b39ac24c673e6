"""The theme app extension and the app's configuration, as far as they can be checked without Shopify.

Rules: https://shopify.dev/docs/apps/build/online-store/theme-app-extensions/configuration and
https://shopify.dev/docs/apps/build/cli-for-apps/app-configuration.
"""

from __future__ import annotations

import gzip
import json
import re
import tomllib
from pathlib import Path
from typing import Any

from app.api.routes import OPERATIONS
from app.channels.registry import BY_PATH
from app.services.privacy import TOPICS
from app.services.shopify_install import CALLBACK_PATH
from app.settings import Settings

ROOT = Path(__file__).parents[3]
APP = ROOT / "deploy" / "shopify"
EXTENSION = APP / "extensions" / "assistify-chat"
BLOCK = EXTENSION / "blocks" / "chat.liquid"
INPUTS = {"checkbox", "color", "number", "radio", "range", "select", "text", "textarea", "url", "image_picker"}
OBJECTS = {"block", "shop", "request", "product"}
FILTERS = {"asset_url", "escape"}
TAGS = {"if", "endif", "schema", "endschema"}


def app_configuration() -> dict[str, Any]:
    return tomllib.loads((APP / "shopify.app.toml").read_text("utf-8"))


def schema() -> dict[str, Any]:
    found = re.search(r"{% schema %}(.*){% endschema %}\s*\Z", BLOCK.read_text("utf-8"), re.DOTALL)
    assert found is not None
    decoded: dict[str, Any] = json.loads(found[1])
    return decoded


def markup() -> str:
    return BLOCK.read_text("utf-8").partition("{% schema %}")[0]


def leaves(value: Any, path: str = "") -> set[str]:
    if isinstance(value, dict):
        return {leaf for key, one in value.items() for leaf in leaves(one, f"{path}.{key}" if path else key)}
    return {path}


def test_the_app_points_at_what_the_server_has() -> None:
    configuration = app_configuration()
    server = "https://support.shop.example"
    assert configuration["auth"]["redirect_urls"] == [server + CALLBACK_PATH]
    proxied = configuration["app_proxy"]["url"].removeprefix(server)
    assert proxied in {one.path for one in OPERATIONS}
    (subscription,) = configuration["webhooks"]["subscriptions"]
    assert set(subscription["compliance_topics"]) == TOPICS
    assert subscription["uri"] == f"{server}/api/webhooks/{BY_PATH['shopify'].path}/"
    assert configuration["webhooks"]["api_version"] == Settings.model_fields["shopify_api_version"].default
    assert configuration["access_scopes"]["scopes"] == Settings.model_fields["shopify_scopes"].default
    assert configuration["embedded"] is False


def test_the_extension_is_a_theme_extension_of_known_folders() -> None:
    configuration = tomllib.loads((EXTENSION / "shopify.extension.toml").read_text("utf-8"))
    assert configuration["type"] == "theme"
    assert {path.name for path in EXTENSION.iterdir()} == {"assets", "blocks", "locales", "shopify.extension.toml"}
    assert len(BLOCK.read_bytes()) < 100_000
    script = (EXTENSION / "assets" / "assistify-chat.js").read_bytes()
    assert len(gzip.compress(script)) < 10_000
    assert b"eval(" not in script
    assert b"innerHTML" not in script


def test_the_block_is_an_app_embed_whose_settings_are_all_used() -> None:
    found = schema()
    assert set(found) == {"name", "target", "settings"}
    assert found["target"] == "body"
    ids = [setting["id"] for setting in found["settings"]]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"block\.settings\.(\w+)", markup())) == set(ids)
    for setting in found["settings"]:
        assert set(setting) <= {"type", "id", "label", "info", "default", "options"}
        assert setting["type"] in INPUTS
        assert setting.get("default") != ""  # Shopify refuses an empty default
        if setting["type"] == "select":
            assert setting["default"] in [option["value"] for option in setting["options"]]
        if setting["type"] == "color":
            assert re.fullmatch(r"#[0-9a-f]{6}", setting["default"])
    (proxy,) = [setting["default"] for setting in found["settings"] if setting["id"] == "proxy"]
    told = app_configuration()["app_proxy"]
    assert proxy == f"/{told['prefix']}/{told['subpath']}"


def test_every_text_of_the_editor_is_translated() -> None:
    used = {text[2:] for text in re.findall(r'"(t:[\w.]+)"', BLOCK.read_text("utf-8"))}
    for locale in ("en.default", "de"):
        told = json.loads((EXTENSION / "locales" / f"{locale}.schema.json").read_text("utf-8"))
        assert leaves(told) == used, locale


def test_the_liquid_uses_only_what_is_known_and_escapes_what_people_wrote() -> None:
    text = markup()
    assert text.count("{{") == text.count("}}")
    assert text.count("{%") == text.count("%}")
    tags = re.findall(r"{%-?\s*(\w+)", BLOCK.read_text("utf-8"))
    assert set(tags) <= TAGS
    assert tags.count("if") == tags.count("endif")
    for expression in re.findall(r"{{\s*(.*?)\s*}}", text):
        value, *filters = [part.strip() for part in expression.split("|")]
        assert set(filters) <= FILTERS
        if value.startswith("'"):
            asset = value.strip("'")
            assert (EXTENSION / "assets" / asset).is_file()
            continue
        assert value.partition(".")[0] in OBJECTS
        assert value == "product.id" or filters == ["escape"], value
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)  # an inline script would need an exception in a page's CSP
    assert "style=" not in text
