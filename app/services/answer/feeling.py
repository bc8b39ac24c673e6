"""Whether somebody is unhappy enough to be told that we are sorry: said before a neutral question it annoys."""

from __future__ import annotations

from app.services.answer.question import Understanding, has_form_of_question
from app.services.answer.topics import TALK_INTENTS
from nlp.prompt import Mood

UNHAPPY = 0.75  # of the sentiment's score
UNHAPPY_QUESTION = 0.9  # of a question or a goodbye, which rarely blame


def clear_mood(understood: Understanding, text: str) -> Mood:
    """Return the mood that an answer takes up: an unhappy one only where there is little doubt."""
    floor = UNHAPPY_QUESTION if has_form_of_question(text) or understood.intent in TALK_INTENTS else UNHAPPY
    is_doubtful = understood.mood is Mood.NEGATIVE and understood.mood_score < floor
    return Mood.NEUTRAL if is_doubtful else understood.mood
