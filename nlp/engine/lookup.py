"""Guess the next ids of a reply from what was written before; one decoder pass then verifies several guesses.

Speculation by lookup (https://arxiv.org/abs/2304.04487, https://github.com/apoorvumang/prompt-lookup-decoding): answers
of a shop repeat one another and their facts. A guess costs a row of a pass and is kept only when the model, its
constraint and its draw choose the same id, so the text is the same with and without.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence as Items

LENGTHS = (5, 3, 2)  # ids of context that must agree, the longest first; also 1, at the beginning of an answer
OPENING = 6  # ids at the beginning of a prompt, which say what it is about: answers to such prompts are asked first
MAX_ENTRIES = 20_000  # contexts remembered per shop: about 100 answers of 60 tokens, some MB
MAX_TENANTS = 200  # shops remembered; the one not used for longest goes first
MAX_GUESSES = 16
FIRST_GUESSES = 4
LONGEST_PAUSE = 32  # tokens


class Contexts:
    """Which id last followed a run of ids; the contexts not met for longest are forgotten.

    What is learned with a topic is found under the topic first, and without it.
    """

    def __init__(self) -> None:
        self._next: OrderedDict[tuple[int, ...], int] = OrderedDict()

    def learn(self, ids: Items[int], start: int = 1, topic: int | None = None) -> None:
        """Take in what follows what, for the ids from `start` on."""
        for place in range(start, len(ids)):
            for length in (*LENGTHS, 1) if place == 1 else LENGTHS:
                if length <= place:
                    context = tuple(ids[place - length : place])
                    self._set(context, ids[place])
                    if topic is not None:
                        self._set((topic, *context), ids[place])
        while len(self._next) > MAX_ENTRIES:
            self._next.popitem(last=False)

    def after(self, context: tuple[int, ...]) -> int | None:
        """Return the id that last followed a context, or None."""
        return self._next.get(context)

    def __len__(self) -> int:
        return len(self._next)

    def _set(self, context: tuple[int, ...], token: int) -> None:
        self._next[context] = token
        self._next.move_to_end(context)


class AnswerStore:
    """What the recent answers of each shop were made of. A shop's guesses never come from another's answers."""

    def __init__(self) -> None:
        self._tenants: OrderedDict[str, Contexts] = OrderedDict()

    def of(self, tenant: str) -> Contexts:
        """Return the contexts of a shop."""
        found = self._tenants.setdefault(tenant, Contexts())
        self._tenants.move_to_end(tenant)
        if len(self._tenants) > MAX_TENANTS:
            self._tenants.popitem(last=False)
        return found


class Guesser:
    """The guesses of one reply: from its shop's recent answers, its prompt and its own text.

    After right guesses it makes more at once, after wrong ones fewer and after a pause, twice as long each time: where
    guessing does not pay it stops by itself. Call `note` after each verified `guess`, `finish` at the end.
    """

    def __init__(self, shop: Contexts, prompt: Items[int], start_id: int, eos_id: int) -> None:
        self._shop = shop
        self._prompt = prompt
        self._start_id = start_id
        self._eos_id = eos_id
        # Negative, so that no id is like it. Topics that happen to share one share guesses, which are verified.
        self._topic = -1 - abs(hash(tuple(prompt[:OPENING])))
        self._own: Contexts | None = None
        self._learned = 1
        self._limit = FIRST_GUESSES
        self._pause = 1
        self._wait = 0

    def guess(self, ids: Items[int], limit: int) -> list[int]:
        """Return at most `limit` ids that may follow the answer so far; often none."""
        if self._wait:
            self._wait -= 1
            return []
        answer = [self._start_id, *ids]
        own = self._update(answer)
        longest = LENGTHS[0]
        context = answer[-longest:]
        guesses: list[int] = []
        while len(guesses) < min(limit, self._limit):
            token = self._find(own, context)
            if token is None or token == self._eos_id:
                break
            guesses.append(token)
            context = [*context, token][-longest:]
        return guesses

    def note(self, guessed: int, right: int) -> None:
        """Take how many of the guesses were right."""
        if not guessed:
            return
        if right == guessed:
            self._limit = min(MAX_GUESSES, self._limit * 2)
            self._pause = 1
        elif right == 0:
            self._limit = max(1, self._limit // 2)
            self._wait = self._pause
            self._pause = min(LONGEST_PAUSE, self._pause * 2)

    def finish(self, ids: Items[int]) -> None:
        """Remember a finished answer for the shop's next ones."""
        self._shop.learn([self._start_id, *ids, self._eos_id], topic=self._topic)

    def _update(self, answer: list[int]) -> Contexts:
        if self._own is None:
            self._own = Contexts()
            self._own.learn(self._prompt, start=2)  # an answer does not begin as its prompt does
        self._own.learn(answer, start=max(2, self._learned))
        self._learned = len(answer)
        return self._own

    def _find(self, own: Contexts, context: list[int]) -> int | None:
        for length in (1,) if len(context) == 1 else LENGTHS:
            if length <= len(context):
                key = tuple(context[-length:])
                found = (self._shop.after((self._topic, *key)), self._shop.after(key), own.after(key))
                token = next((token for token in found if token is not None), None)
                if token is not None:
                    return token
        return None
