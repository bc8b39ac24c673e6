"""The sentences a responder was taught, and which of them the facts at hand allow.

A literal cannot be wrong, because it is copied by a pointer. But once a small model has begun "Our phone number is",
something has to follow, and without a phone number any other pointer does. So the answer is made of the sentences
whose facts are there (`nlp.engine.sentences`): which of them, and in which order, is the model's choice. The same keeps
out what belongs to another state ("out of stock" beside `product.1.stock: in stock`), and that something is not known
which is.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, Literal

import msgspec

from nlp.grounding import Fact, order_key, product_key, sentinel

SENTENCES_FILE = "sentences.json"
KEPT = 512  # results: a shop's answers come from a few hundred combinations of situation and facts
_FACT: Final = re.compile(r"\{([a-z0-9_.]+)\}")

# The fact that tells what is asked for. A sentence that names it goes before one that tells something else.
_TELLS: Final = {
    **{aspect: f"shop.{aspect}" for aspect in ("phone", "email", "hours", "address")},
    **{aspect: product_key(1, aspect) for aspect in ("price", "sizes", "colours", "material")},
    **{aspect: order_key(1, aspect) for aspect in ("tracking", "carrier", "total", "placed")},
    "items": order_key(1, "item"),
}


class Said(msgspec.Struct, frozen=True, array_like=True):
    """One sentence: facts stand as `{order.number}`; `conditions` are the word facts it depends on."""

    text: str
    conditions: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> list[str]:
        """The facts it names."""
        return _FACT.findall(self.text)


class SentenceGroup(msgspec.Struct, frozen=True, array_like=True):
    """Sentences of which an answer holds one; `given` are the word facts of the answers that the group stands in."""

    given: tuple[tuple[str, str], ...]
    said: tuple[Said, ...]
    place: Literal["opening", "first", "later"]  # an opening may stand before an answer, and is none by itself


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an answer may consist of, with sentinels; the first group begins it. Nothing at all is no limit."""

    groups: tuple[tuple[str, ...], ...] = ()
    openings: tuple[str, ...] = ()


Table = dict[str, list[SentenceGroup]]


@dataclass(slots=True)
class Sentences:
    """The sentences of one model, by situation."""

    by_situation: Mapping[str, Sequence[SentenceGroup]]
    _known: OrderedDict[tuple[str, frozenset[tuple[str, str]]], Allowed] = field(default_factory=OrderedDict)

    @classmethod
    def load(cls, folder: Path) -> Sentences:
        """Read the sentences of a model's directory; a model without the file may say what it likes.

        Raises: msgspec.DecodeError when the file is damaged.
        """
        path = folder / SENTENCES_FILE
        return cls(msgspec.json.decode(path.read_bytes(), type=Table) if path.is_file() else {})

    def allowed(self, situation: str, facts: Sequence[Fact]) -> Allowed:
        """Return the sentences that an answer from these facts may consist of."""
        words = {fact.key: fact.value if fact.pointer is None else sentinel(fact.pointer) for fact in facts}
        key = (situation, frozenset(words.items()))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._find(situation, words)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return known

    def _find(self, situation: str, facts: Mapping[str, str]) -> Allowed:
        # Where nothing special is asked for, the general answer; where there is none, any that the question may mean.
        general = [group for group in self.by_situation.get(situation, ()) if "asks" not in dict(group.given)]
        of_general = _by_place(general, facts)
        if "asks" not in facts and of_general["first"]:
            found = of_general
        else:
            found = _by_place(self.by_situation.get(situation, ()), facts)
        first = tuple(dict.fromkeys(chain.from_iterable(found["first"])))
        if not first:
            return Allowed()
        return Allowed((first, *found["later"]), tuple(dict.fromkeys(chain.from_iterable(found["opening"]))))


def _by_place(groups: Sequence[SentenceGroup], facts: Mapping[str, str]) -> dict[str, dict[tuple[str, ...], None]]:
    found: dict[str, dict[tuple[str, ...], None]] = {"opening": {}, "first": {}, "later": {}}
    for group in groups:
        fitting = tuple(_fitting(group, facts))
        if fitting:
            found[group.place][fitting] = None
    return found


def _fitting(group: SentenceGroup, facts: Mapping[str, str]) -> Iterator[str]:
    """Yield the sentences whose facts are there. One without facts is for when those of the others are absent."""
    given = dict(group.given)
    guesses = "asks" not in facts and given.pop("asks", None) is not None  # only the question's words say what is asked
    if group.place != "opening" and given.get("asks") != facts.get("asks"):
        return
    if any(facts.get(key) != value for key, value in given.items()):
        return
    fitting = [one for one in group.said if _fits(one, facts)]
    tells = guesses or any(one.names or one.conditions for one in fitting)
    told_by = _TELLS.get(facts.get("asks", ""))
    direct = [one for one in fitting if told_by in one.names]
    for one in direct or fitting:
        if not tells or one.names or one.conditions:
            yield _FACT.sub(lambda match: facts[match.group(1)], one.text)


def _fits(one: Said, facts: Mapping[str, str]) -> bool:
    return all(facts.get(key) == value for key, value in one.conditions) and all(name in facts for name in one.names)


def is_made_of(text: str, allowed: Allowed) -> bool:
    """Tell whether a text with sentinels consists of these sentences, whatever their order."""
    known = {sentence for group in allowed.groups for sentence in group} | set(allowed.openings)
    rest = text.strip()
    while rest:
        said = max((one for one in known if rest.startswith(one)), key=len, default=None)
        if said is None:
            return False
        rest = rest[len(said) :].strip()
    return True
