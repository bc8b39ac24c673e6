"""The sentences a responder was taught, and which of them the facts at hand allow.

A literal cannot be wrong, because it is copied by a pointer. But once a small model has begun "Our phone number is",
something has to follow, and without a phone number any other pointer does. So the answer is made of the sentences
whose facts are there (`nlp.engine.sentences`): which of them, and in which order, is the model's choice. The same keeps
out what belongs to another state ("out of stock" beside `product.1.stock: in stock`), and that something is not known
which is. How an answer begins follows from the mood and the question too (`nlp.tone`).
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Final, Literal

import msgspec

from nlp.grounding import SENTINEL, Fact, order_key, product_key, sentinel
from nlp.prompt import Mood
from nlp.tone import goes_before, in_form, is_sorry, is_yes_no_question, offered_later, regretful, suiting

SENTENCES_FILE = "sentences.json"
KEPT = 512  # results: a shop's answers come from a few hundred combinations of situation and facts
_FACT: Final = re.compile(r"\{([a-z0-9_.]+)\}")
SAYS_UNKNOWN: Final = re.compile(
    r"\bI don't have\b|\bI can't see (?:the|here|an)\b(?! exact)|\bI don't know (?:how long|what|when)\b"
)
_ABSENT: Final = "absent"
_OTHER_THAN: Final = "not "  # before the value of a condition that any other value meets, and none at all

# The fact that tells what is asked for. A sentence that names it goes before one that tells something else.
_TELLS: Final = {
    **{aspect: f"shop.{aspect}" for aspect in ("phone", "email", "hours", "address")},
    **{aspect: product_key(1, aspect) for aspect in ("price", "sizes", "colours", "material")},
    **{aspect: order_key(1, aspect) for aspect in ("tracking", "carrier", "total", "placed")},
    "items": order_key(1, "item"),
}
# A question for one thing, one that is answered by yes or no, and asking for the rest have sentences of their own.
_DECIDES: Final = ("asks", "confirms", "missing")


# An opening may stand before an answer; what is of `must` follows the first sentence whenever its facts are there.
Place = Literal["opening", "first", "must", "later"]


class Said(msgspec.Struct, frozen=True, array_like=True):
    """One sentence: facts stand as `{order.number}`; `conditions` are the word facts it depends on."""

    text: str
    conditions: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> list[str]:
        """The facts it names."""
        return _FACT.findall(self.text)

    @property
    def tells(self) -> frozenset[str]:
        """The facts it names or depends on."""
        return frozenset([*self.names, *(key for key, _ in self.conditions)])


class SentenceGroup(msgspec.Struct, frozen=True, array_like=True):
    """Sentences of which an answer holds one; `given` are the word facts of the answers that the group stands in."""

    given: tuple[tuple[str, str], ...]
    said: tuple[Said, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Allowed:
    """What an answer may consist of, with sentinels; the first group begins it. Nothing at all is no limit."""

    groups: tuple[tuple[str, ...], ...] = ()


Table = dict[str, list[SentenceGroup]]
_Key = tuple[str, frozenset[tuple[str, str]], Mood | None, bool | None, bool]


@dataclass(slots=True)
class Sentences:
    """The sentences of one model, by situation."""

    by_situation: Mapping[str, Sequence[SentenceGroup]]
    _known: OrderedDict[_Key, Allowed] = field(default_factory=OrderedDict)

    @classmethod
    def load(cls, folder: Path) -> Sentences:
        """Read the sentences of a model's directory; a model without the file may say what it likes.

        Raises: msgspec.DecodeError when the file is damaged.
        """
        path = folder / SENTENCES_FILE
        return cls(msgspec.json.decode(path.read_bytes(), type=Table) if path.is_file() else {})

    def allowed(
        self,
        situation: str,
        facts: Sequence[Fact],
        *,
        mood: Mood | None = None,
        question: str | None = None,
        is_closed: bool = False,
    ) -> Allowed:
        """Return the sentences that an answer from these facts may consist of.

        Without `mood` every opening is in place; without `question` it may have any form. While the shop `is_closed`,
        who is offered a colleague reads that nobody is there.
        """
        words = {fact.key: fact.value if fact.pointer is None else sentinel(fact.pointer) for fact in facts}
        is_yes_no = None if question is None else is_yes_no_question(question)
        key = (situation, frozenset(words.items()), mood, is_yes_no, is_closed)
        known = self._known.get(key)
        if known is None:
            known = self._find(situation, words, mood, is_yes_no)
            known = self._known[key] = _while_closed(known) if is_closed else known
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        return known

    def _find(self, situation: str, facts: Mapping[str, str], mood: Mood | None, is_yes_no: bool | None) -> Allowed:
        # Where nothing special is asked for, the general answer; where there is none, any that the question may mean.
        groups = self.by_situation.get(situation, ())
        general = [group for group in groups if "asks" not in dict(group.given)]
        found = _by_place(general, {key: value for key, value in facts.items() if key != "asks"})
        if "asks" in facts or not any(found["first"]):
            asked = _by_place(groups, facts)
            found = asked if any(asked["first"]) else found
        first = list(dict.fromkeys(chain.from_iterable(found["first"])))
        if not first:
            return Allowed()
        first = [one for one in first if not SAYS_UNKNOWN.search(one)] or first
        pointers = {one: frozenset(SENTINEL.findall(one)) for one in first}
        if "asks" not in facts:  # of what any of the scenes would tell, the most
            first = [one for one in first if not any(set() < pointers[one] < more for more in pointers.values())]
        first = in_form(first, is_yes_no, mood)
        if mood is not None:
            first = [regretful(one, mood) for one in suiting(first, mood)]
        openings = dict.fromkeys(chain.from_iterable(found["opening"]))
        moods = (mood,) if mood is not None else tuple(Mood)
        opened = [
            f"{opening} {one}"
            for opening in openings
            for one in first
            if any(goes_before(opening, each, situation, one) for each in moods)
        ]
        if mood is Mood.NEGATIVE:  # who is unhappy reads one clause of regret, whatever the model likes best
            first = [one for one in first if is_sorry(one)] or ([] if opened else first)
        return Allowed(((*first, *opened), *found["later"]))


def _while_closed(allowed: Allowed) -> Allowed:
    return Allowed(tuple(tuple(dict.fromkeys(map(offered_later, group))) for group in allowed.groups))


def _by_place(groups: Sequence[SentenceGroup], facts: Mapping[str, str]) -> dict[str, dict[tuple[str, ...], None]]:
    """Sort the sentences that fit; those of `must` stand behind each of the `first` ones that they follow."""
    found: dict[str, dict[tuple[str, ...], None]] = {"opening": {}, "first": {}, "later": {}}
    begun: tuple[str, ...] = ()
    for group in groups:
        fitting = tuple(_fitting(group, facts))
        if group.place == "first":
            found["first"][begun] = None
            begun = fitting
        elif group.place == "must" and fitting:
            begun = tuple(chain.from_iterable(_joined(one, fitting) for one in begun))
        elif fitting:
            found[group.place][fitting] = None
    found["first"][begun] = None
    return found


def _joined(one: str, then: Sequence[str]) -> Sequence[str]:
    """Put each of the next sentences behind one, if that is no question: nothing follows a question."""
    return [one] if one.endswith("?") else [f"{one} {more}" for more in then]


def _fitting(group: SentenceGroup, facts: Mapping[str, str]) -> Iterator[str]:
    """Yield the sentences whose facts are there. One without facts is for when those of the others are absent."""
    given = dict(group.given)
    guesses = "asks" not in facts and given.pop("asks", None) is not None  # only the question's words say what is asked
    if group.place != "opening" and any(given.get(key) != facts.get(key) for key in _DECIDES):
        return
    if any(facts.get(key) != value for key, value in given.items()):
        return
    fitting = [one for one in group.said if _fits(one, facts)]
    fitting = [one for one in fitting if not SAYS_UNKNOWN.search(one.text)] or fitting
    fitting = [one for one in fitting if not any(one.tells < more.tells for more in fitting)]
    tells = guesses or any(one.names or one.conditions for one in fitting)
    told_by = _TELLS.get(facts.get("asks", ""))
    direct = [one for one in fitting if told_by in one.names]
    for one in direct or fitting:
        if not tells or one.names or one.conditions:
            yield _FACT.sub(lambda match: facts[match.group(1)], one.text)


def _fits(one: Said, facts: Mapping[str, str]) -> bool:
    return meets(facts, one.conditions) and all(name in facts for name in one.names)


def meets(facts: Mapping[str, str], conditions: Iterable[tuple[str, str]]) -> bool:
    """Tell whether facts are as a sentence wants them: `sold out`, anything but that (`not sold out`), or `absent`."""
    return all(
        (facts.get(key, _ABSENT) == value.removeprefix(_OTHER_THAN)) is not value.startswith(_OTHER_THAN)
        for key, value in conditions
    )


def is_made_of(text: str, allowed: Allowed) -> bool:
    """Tell whether a text with sentinels consists of these sentences, whatever their order."""
    known = {sentence for group in allowed.groups for sentence in group}
    rest = text.strip()
    while rest:
        said = max((one for one in known if rest.startswith(one)), key=len, default=None)
        if said is None:
            return False
        rest = rest[len(said) :].strip()
    return True
