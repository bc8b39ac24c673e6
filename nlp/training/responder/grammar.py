"""A small grammar for dialogues: alternatives, facts as slots, and scenes that join a question to its answer.

Text is written as templates: `(a|b|)` picks one alternative (the empty one leaves it out), `{order.number}` names a
fact, and a leading `key=value?` makes the template depend on a word fact. An answer is a row of slots. In each slot
the template that names most of the facts at hand is taken, a template whose facts are absent never: so what the answer
says follows from what the facts hold.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nlp.grounding import POINTERS, sentinel
from nlp.sentences import SAYS_UNKNOWN, meets

_ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)")
_FACT = re.compile(r"\{([a-z0-9_.]+)\}")
_CONDITION = re.compile(r"^([a-z0-9_.]+)=([a-z ]+)\? ")  # also `=not sold out?` and `=absent?`


def pick_alternatives(rng: random.Random, template: str) -> str:
    """Resolve every `(a|b)` of the template, innermost first, and tidy the spaces that empty ones leave."""
    while match := _ALTERNATIVES.search(template):
        template = template[: match.start()] + rng.choice(match.group(1).split("|")) + template[match.end() :]
    return re.sub(r"\s+([,.!?;])", r"\1", " ".join(template.split()))


def every_alternative(template: str) -> list[str]:
    """Return the texts that `pick_alternatives` can make of the template."""
    match = _ALTERNATIVES.search(template)
    if match is None:
        return [re.sub(r"\s+([,.!?;])", r"\1", " ".join(template.split()))]
    head, tail = template[: match.start()], template[match.end() :]
    return [text for one in match.group(1).split("|") for text in every_alternative(head + one + tail)]


def names_of(template: str) -> list[str]:
    """List the facts a template names."""
    return _FACT.findall(template)


@dataclass(frozen=True, slots=True)
class Slot:
    """One sentence or clause of an answer. An `optional` slot is left out when no template fits; `must` says that the
    answer is not complete without it when one does; it comes among the first."""

    templates: tuple[str, ...]
    optional: bool = False
    chance: float = 1.0  # of being said at all
    must: bool = False


def say(*templates: str) -> Slot:
    """Make a slot that every answer of the scene has."""
    return Slot(templates)


def maybe(*templates: str, chance: float = 1.0) -> Slot:
    """Make a slot that is said when its facts are there, with this chance."""
    return Slot(templates, optional=True, chance=chance)


def also(*templates: str) -> Slot:
    """Make a slot that the model may not leave out when its facts are there."""
    return Slot(templates, optional=True, must=True)


@dataclass(frozen=True, slots=True)
class Scene:
    """A situation with the ways to ask and the ways to answer.

    `follow_ups` are short questions that make sense only after an earlier turn on the same matter.
    """

    situation: str  # a key of SITUATIONS
    asks: tuple[str, ...]
    answer: tuple[Slot, ...]
    follow_ups: tuple[str, ...] = ()
    given: Mapping[str, str] = field(default_factory=dict)  # word facts this scene is about
    never: tuple[str, ...] = ()  # keys of the row that are absent here
    always: tuple[str, ...] = ()  # keys of the row that are never left out
    intents: tuple[str, ...] = ()  # for the `any` rows
    apology: str = "trouble"  # the family of clauses that take up a bad mood; empty for none
    has_cheer: bool = True  # whether good cheer goes before it, where the customer is glad
    weight: float = 1.0
    article: str | None = None  # of `worlds.ARTICLES`: the one that answers what is asked
    detail: str | None = None  # of `worlds.DETAILS`, likewise
    reached: bool | None = None  # whether the shop delivers to the place that is asked for

    @property
    def intent(self) -> str:
        """Return the intent the situation's name starts with."""
        return self.situation.partition("/")[0]


class NoAnswerError(LookupError):
    """No template of a slot fits the facts at hand."""


def answer_text(
    rng: random.Random,
    slots: Sequence[Slot],
    facts: Mapping[str, str],
    suiting: Callable[[Sequence[str]], Sequence[str]] = tuple,
) -> str:
    """Compose an answer with sentinels in the place of literals; `suiting` chooses among the templates of a slot.

    Raises: NoAnswerError.
    """
    parts: list[str] = []
    told: set[str] = set()
    for slot in slots:
        if parts and parts[-1].endswith("?"):  # nothing follows a question
            break
        if slot.chance < 1.0 and rng.random() >= slot.chance:
            continue
        template = _richest(rng, slot.templates, facts, suiting)
        if template is None:
            if slot.optional:
                continue
            raise NoAnswerError(slot.templates[0])
        named = set(names_of(template))
        if slot.optional and named and named <= told:
            continue
        told |= named
        parts.append(pick_alternatives(rng, template))
    return _FACT.sub(lambda match: _mention(match.group(1), facts), " ".join(part for part in parts if part))


def _richest(
    rng: random.Random,
    templates: Sequence[str],
    facts: Mapping[str, str],
    suiting: Callable[[Sequence[str]], Sequence[str]],
) -> str | None:
    told: dict[str, frozenset[str]] = {}  # what fits, and the facts it depends on
    for template in templates:
        conditions, body = conditions_of(template)
        names = names_of(body)
        if meets(facts, conditions) and all(name in facts for name in names):
            told[body] = frozenset([*names, *(key for key, _ in conditions)])
    # That something is not known is said only where nothing else is to be said.
    told = {body: tells for body, tells in told.items() if not SAYS_UNKNOWN.search(body)} or told
    suited = suiting([body for body, tells in told.items() if not any(tells < more for more in told.values())])
    most = max((len(told[body]) for body in suited), default=0)
    best = [body for body in suited if len(told[body]) == most]
    return rng.choice(best) if best else None


def conditions_of(template: str) -> tuple[list[tuple[str, str]], str]:
    """Return the word facts that a template depends on, and the template without them."""
    found = []
    while match := _CONDITION.match(template):
        found.append((match.group(1), match.group(2)))
        template = template[match.end() :]
    return found, template


def _mention(key: str, facts: Mapping[str, str]) -> str:
    return sentinel(POINTERS[key]) if key in POINTERS else facts[key]
