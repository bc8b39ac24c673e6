"""One reply on its way: its ids, its text state and where it stands."""

from __future__ import annotations

from collections.abc import Sequence as Items
from enum import StrEnum

from nlp.engine.constraint import Constraint
from nlp.engine.detokenize import Detokenizer
from nlp.engine.lookup import Guesser
from nlp.engine.request import Chunk, Finished, FinishReason, GenerationRequest


class State(StrEnum):
    """The life of a sequence, in order."""

    WAITING = "waiting"
    ENCODING = "encoding"
    RUNNING = "running"
    ENDED = "ended"


class Sequence:
    """What one reply needs. The ids of the request's prefix count as emitted from the start.

    `cached` is the number of decoder positions whose keys are in the cache. Position 0 is the start token, position
    i is id i-1.
    """

    def __init__(
        self,
        request: GenerationRequest,
        prompt: Items[int],
        start_id: int,
        eos_id: int,
        detokenizer: Detokenizer,
        constraint: Constraint | None,
        now: float,
        guesser: Guesser | None = None,
    ) -> None:
        self.request = request
        self.prompt = tuple(prompt)
        self.start_id = start_id
        self.eos_id = eos_id
        self.constraint = constraint
        self._guesser = guesser
        self._guessed = 0  # ids of the pass under way that are guesses
        self.arrived = now
        self.deadline = None if request.deadline_s is None else now + request.deadline_s
        self.first_token: float | None = None
        self.state = State.WAITING
        self.reason: FinishReason | None = None
        self.slot = -1
        self.cached = 0
        self.ids: list[int] = []
        self._detokenizer = detokenizer
        for token in request.prefix_ids:
            if self.is_complete:
                break
            self._take(token)

    @property
    def is_complete(self) -> bool:
        """Whether the answer has its end: by the end mark, a stop string or its greatest length."""
        return self.reason is not None

    @property
    def position(self) -> int:
        """The place of the next id in the answer: what the draw depends on."""
        return len(self.ids)

    @property
    def end(self) -> int:
        """The visible length of the answer in UTF-8 bytes."""
        return self._detokenizer.end

    def pending(self, limit: int) -> list[int]:
        """Return the next decoder inputs not in the cache, at most `limit`."""
        inputs = [self.start_id, *self.ids] if self.cached == 0 else self.ids[self.cached - 1 :]
        return inputs[:limit]

    def is_caught_up(self) -> bool:
        """Say whether the cache holds every position, so that the last row's logits give the next id."""
        return self.cached == len(self.ids) + 1

    def guess(self, limit: int) -> list[int]:
        """Return at most `limit` guessed ids to verify in the next pass, after the ids that are caught up."""
        room = min(limit, self.request.max_tokens - len(self.ids) - 1)
        guesses = [] if self._guesser is None or room <= 0 else self._guesser.guess(self.ids, room)
        self._guessed = len(guesses)
        self.cached += len(guesses)
        return guesses

    def settle(self) -> None:
        """Forget what a pass put into the cache for wrong guesses. Call it after the ids of a pass are accepted."""
        wrong = max(0, self.cached - len(self.ids))
        self.cached -= wrong
        if self._guesser is not None:
            self._guesser.note(self._guessed, self._guessed - wrong)
            if self.is_complete:
                self._guesser.finish(self.ids)

    def accept(self, token: int, now: float) -> Chunk | None:
        """Take the id that was chosen; return what it adds. `reason` is set when the reply is complete.

        Returns None when there is nothing to tell: the end mark came and no text was held back.
        """
        if self.first_token is None:
            self.first_token = now
        known = len(self.ids)
        text = self._take(token)
        if self.is_complete:
            text += self._detokenizer.flush()
        ids = tuple(self.ids[known:])
        return Chunk(ids, text, self.end) if ids or text else None

    def rest(self) -> Chunk | None:
        """Return the text held back so far as a last chunk, or None when there is none."""
        text = self._detokenizer.flush()
        return Chunk((), text, self.end) if text else None

    def finished(self, reason: FinishReason, now: float) -> Finished:
        """Describe the end. A reply without a new token has its whole time as time to first token."""
        total = (now - self.arrived) * 1000
        first = total if self.first_token is None else (self.first_token - self.arrived) * 1000
        return Finished(reason, len(self.prompt), len(self.ids), first, total)

    def _take(self, token: int) -> str:
        if token == self.eos_id:
            self.reason = FinishReason.STOP
            return ""
        self.ids.append(token)
        if self.constraint is not None:
            self.constraint.advance(token)
        text = self._detokenizer.push(token)
        if self._detokenizer.stopped:
            self.reason = FinishReason.STOP
        elif len(self.ids) >= self.request.max_tokens:
            self.reason = FinishReason.LENGTH
        return text
