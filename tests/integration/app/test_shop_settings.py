"""The shop's settings over REST: read with their defaults, changed one by one, wrong values refused."""

from __future__ import annotations

import pytest

from app.domain.people import Role
from tests.integration.app.rig import Product

PATH = "/api/settings/"


async def test_settings_are_changed_one_by_one_and_by_shop(rig: Product) -> None:
    async with await rig.signed_in(Role.ADMIN) as http:
        before = (await http.get(PATH)).json()
        assert before["double_texting"] == "merge"
        changed = await http.patch(PATH, json={"double_texting": "queue", "reopen_within_h": 1.5})
        assert changed.json() == {**before, "double_texting": "queue", "reopen_within_h": 1.5}
        assert (await http.patch(PATH, json={"ask_csat": False})).json()["double_texting"] == "queue"
        assert (await http.patch(PATH, json={"disclosure": {"whatsapp": False}})).json()["disclosure"] == {
            "whatsapp": False
        }
    async with await rig.signed_in(Role.ADMIN, rig.other) as http:
        assert (await http.get(PATH)).json() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"double_texting": "both"},
        {"handoff_timeout_s": 0},
        {"handoff_timeout_s": "soon"},
        {"handoff_timeout_text": ""},
        {"handoff_timeout_text": "\0"},
        {"disclosure_text": " "},
        {"reopen_within_h": -1},
        {"ask_csat": None},
    ],
)
async def test_wrong_values_change_nothing(rig: Product, wrong: dict[str, object]) -> None:
    async with await rig.signed_in(Role.ADMIN) as http:
        before = (await http.get(PATH)).json()
        assert (await http.patch(PATH, json={"ask_csat": False, **wrong})).status_code == 422
        assert (await http.get(PATH)).json() == before
