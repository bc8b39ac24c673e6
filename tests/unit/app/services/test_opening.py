"""Whether the shop is open on a day."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.services.answer.opening import hours_of_day
from tests.unit.app.services.test_decision import SHOP, ask, values

WEEK = "Monday to Friday, 9:00 to 18:00"


@pytest.mark.parametrize(
    ("hours", "question", "said"),
    [
        (WEEK, "are you open sundays", f"{WEEK}, so no, we are closed on Sundays"),
        (WEEK, "open on Saturday?", f"{WEEK}, so no, we are closed on Saturdays"),
        (WEEK, "open weekends?", f"{WEEK}, so no, we are closed on weekends"),
        (WEEK, "are you open on monday", "9:00 to 18:00 on Mondays, so yes, we are open then"),
        (WEEK, "until when are you open on friday?", "9:00 to 18:00 on Fridays"),
        (WEEK, "closed on sunday?", f"{WEEK}, and we are closed on Sundays"),
        ("Mon-Fri 9-17, Sat 10-14", "open on Saturday?", "10-14 on Saturdays, so yes, we are open then"),
        ("Mon-Fri 9-17, Sat 10-14", "open weekends?", None),
        ("Tuesday to Sunday, 9 am to 6 pm, Monday closed", "open mondays?",
         "Tuesday to Sunday, 9 am to 6 pm, Monday closed, so no, we are closed on Mondays"),
        ("daily 8:00 to 20:00", "are you open sundays", "8:00 to 20:00 on Sundays, so yes, we are open then"),
        (WEEK, "when are you open?", None),
        (WEEK, "are you open on saturdays and sundays", None),
        ("Monday to Friday except in August, 9:00 to 18:00", "open mondays?", None),
        ("around the clock", "open mondays?", None),
    ],
)  # fmt: skip
def test_the_hours_of_a_day_are_told(hours: str, question: str, said: str | None) -> None:
    assert hours_of_day(hours, question) == said


def test_a_question_for_a_day_is_answered_for_that_day() -> None:
    question = ask("are you open sundays", "contact_info", shop=replace(SHOP, facts={"shop.hours": WEEK}))
    assert values(question)["shop.hours"].endswith("closed on Sundays")
    assert values(replace(question, text="when are you open?"))["shop.hours"] == WEEK
