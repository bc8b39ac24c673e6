"""Whom a note names."""

from __future__ import annotations

import pytest

from app.domain.people import Role, Staff
from app.services.ids import new_id
from app.services.notifying import mentioned

SHOP = new_id()
TEAM = {
    name: Staff(new_id(), SHOP, name, Role.AGENT)
    for name in ("Ada", "Ada Lovelace", "Ben C. Ray", "Zoë Müller", "Li", " ")
}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("@ada lovelace, please", ["Ada Lovelace"]),
        ("please look, @ADA", ["Ada", "Ada Lovelace"]),
        ("(@ben) and @Zoë: who takes it?", ["Ben C. Ray", "Zoë Müller"]),
        ("@zoë müller", ["Zoë Müller"]),
        ("write to me@li or li@ada.test", []),
        ("@Lima and @Adam are strangers", []),
        ("@li @li", ["Li"]),
        ("@ and @@", []),
    ],
)
def test_names_are_found_in_any_case_and_as_whole_words(text: str, names: list[str]) -> None:
    known = {staff.id: name for name, staff in TEAM.items()}
    assert sorted(known[one] for one in mentioned(text, TEAM.values())) == sorted(names)
