"""The prompt of the responder: what the customer said, what was decided, and the facts the answer may use.

One line says intent, act and mood; then come the facts as `key: value` lines, literals as their sentinels; then the
last turns and the question. Training data is made by the same function, so the model sees nothing new at run time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from nlp.grounding import POINTERS, WORDS, Fact, literals_of, sentinel

HISTORY_TURNS = 4  # earlier turns have no part in the next answer, and the starter model is trained on this many
TURN_CHARACTERS = 240  # of one earlier turn


class Speaker(StrEnum):
    """Who said a turn."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"


class Mood(StrEnum):
    """How the customer feels; the labels of the sentiment model."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Act(StrEnum):
    """What the answer does. The policy decides it, the model puts it into words."""

    ANSWER = "answer"  # from the facts; says so when a fact is missing
    ASK_ORDER = "ask_order"  # ask for order number and e-mail address
    ASK_DETAIL = "ask_detail"  # ask for the piece named by the fact `missing`
    NOT_FOUND = "not_found"  # number and e-mail match no order, or the shop has no such product
    CLARIFY = "clarify"  # ask what the customer means
    OFFER_PERSON = "offer_person"  # offer a colleague, after not understanding twice
    HANDOFF = "handoff"  # say that a colleague takes over
    SMALL_TALK = "small_talk"
    DECLINE = "decline"  # out of scope: say what the bot can do


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What goes to the engine: the text, and the literal behind each of its sentinels."""

    text: str
    literals: Mapping[int, str]


_ROLES = ("intent", "act", "mood", *Speaker)
_MARK = re.compile(rf"\b({'|'.join(re.escape(key) for key in (*POINTERS, *WORDS, *_ROLES))})\s*:", re.IGNORECASE)


def clean(text: str) -> str:
    """Return one line of plain text that cannot pass for a fact line, a turn or a special token of the prompt."""
    text = unicodedata.normalize("NFKC", text)
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in "<>" else c for c in text)
    return " ".join(_MARK.sub(r"\1", text).split())


def build_prompt(
    *,
    question: str,
    history: Sequence[Turn],
    facts: Sequence[Fact],
    intent: str,
    mood: Mood,
    act: Act,
    count_tokens: Callable[[str], int],
    window: int,
) -> Prompt:
    """Build the prompt for one answer, at most `window` tokens long as counted by `count_tokens`.

    History is cut from the oldest turn; if that is not enough, the question is cut from its end, word by word. Facts
    are never cut. Raises: ValueError when the facts alone leave no room.
    """
    head = [f"intent: {intent} act: {act} mood: {mood}", *map(_fact_line, facts)]
    turns = [f"{turn.speaker}: {clean(turn.text)[:TURN_CHARACTERS]}" for turn in history[-HISTORY_TURNS:]]
    words = clean(question).split()
    while True:
        text = "\n".join([*head, *turns, f"{Speaker.CUSTOMER}: {' '.join(words)}"])
        if count_tokens(text) <= window:
            return Prompt(text, literals_of(facts))
        if turns:
            del turns[0]
        elif words:
            del words[-max(1, len(words) // 8) :]
        else:
            raise ValueError(f"the facts alone need more than the window of {window} tokens: give fewer facts")


def facts_in(prompt: str, literals: Mapping[int, str]) -> list[Fact]:
    """Read back the facts of a prompt that `build_prompt` made."""
    found = []
    for line in prompt.split("\n")[1:]:
        key, _, value = line.partition(": ")
        if key in tuple(Speaker):
            break
        number = POINTERS.get(key)
        found.append(Fact(key, value if number is None else literals[number]))
    return found


def question_of(prompt: str) -> str:
    """Read back the question of a prompt that `build_prompt` made: its last line."""
    return prompt.rpartition("\n")[2].partition(": ")[2]


def mood_of(prompt: str) -> Mood:
    """Read back the mood of a prompt that `build_prompt` made."""
    return Mood(prompt.partition("\n")[0].rpartition(" ")[2])


def _fact_line(fact: Fact) -> str:
    value = fact.value if fact.pointer is None else sentinel(fact.pointer)
    return f"{fact.key}: {value}"
