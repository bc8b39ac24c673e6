"""Two questions in one message: "where is my order and can I still return the first one?"."""

from __future__ import annotations

import re

MAX_CLAUSES = 4  # of a message are looked at: who asks more than that is served better by one question at a time
_FEWEST_WORDS = 3
_SENTENCE = re.compile(r"(?<=[.?!])\s+|\n+|;\s*")
_OPENING = (
    r"(?:can|could|do|does|did|is|are|am|was|will|would|should|may|how|hows|what|whats|what's|when|whens|where|wheres"
    r"|where's|which|who|whos|why|any|have|has|i (?:also )?(?:want|need|would|wanna|wonder)|i'd|want|wanna|need"
    r"|tell me|send me|give me"
    r"|let me know|please|pls|cancel|change|track|return|refund)\b"
)
_JOINT = re.compile(rf"(?:,\s*|\s+)(?:and|also|plus|&|but)\s+(?:also\s+|then\s+|btw\s+)?(?={_OPENING})", re.IGNORECASE)
_LEAD = (
    r"(?:(?:and|also|plus|then|so|ok|okay|hi|hello|hey|btw|by the way|secondly|another (?:thing|question))\b"
    r"[\s,:!.-]*)*"
)
_ASKS = re.compile(rf"^{_LEAD}{_OPENING}", re.IGNORECASE)


def questions_in(text: str) -> list[str]:
    """Return the questions and requests of a message that holds several, else nothing.

    What only tells something ("my jacket came torn.") is no question of its own.
    """
    pieces = [piece.strip(" ,") for sentence in _SENTENCE.split(text) for piece in _JOINT.split(sentence)]
    asked = [piece for piece in pieces if len(piece.split()) >= _FEWEST_WORDS and _is_asked(piece)]
    return asked[:MAX_CLAUSES] if len(asked) > 1 else []


def _is_asked(piece: str) -> bool:
    return piece.endswith("?") or bool(_ASKS.match(piece))
