"""The engine: one thread that steps through all replies, behind an asyncio front."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import torch
from tokenizers import Tokenizer

from nlp.engine.backend import make_backend
from nlp.engine.cache import rounded
from nlp.engine.config import T5Config
from nlp.engine.constraint import Constraint, ConstraintMaker
from nlp.engine.detokenize import Detokenizer
from nlp.engine.loader import ModelFiles, load_directory
from nlp.engine.lookup import AnswerStore, Guesser
from nlp.engine.request import (
    Chunk,
    EngineClosedError,
    Finished,
    FinishReason,
    GenerationRequest,
    PromptTooLongError,
)
from nlp.engine.runner import Choice, Runner
from nlp.engine.scheduler import Scheduler
from nlp.engine.sentences import PieceBook, SentenceConstraint
from nlp.engine.sequence import Sequence, State
from nlp.engine.settings import EngineSettings
from nlp.engine.vocabulary import Vocabulary
from nlp.threads import give_way

log = logging.getLogger(__name__)

Item = Chunk | Finished


class Engine:
    """Many replies at once on one model.

    `submit` from an event loop; the thread starts with the first request. Call `aclose` at the end: replies still
    running then finish as cancelled, and later requests raise EngineClosedError.
    """

    def __init__(self, files: ModelFiles, settings: EngineSettings | None = None) -> None:
        settings = settings or EngineSettings()
        config = files.config
        threads = torch.get_num_threads()
        self._threads = settings.threads or threads
        # A thread that has used OpenMP keeps its helpers; with more of them than cores, nobody's helpers spin while
        # they wait, and a step of the engine takes twice as long (measured). Only the engine's thread may have some.
        torch.set_num_threads(1)
        self.window = settings.window or config.window
        self.model_hash = files.model_hash
        self.tokenizer_hash = files.tokenizer_hash
        self._settings = settings
        self._config: T5Config = config
        self._tokenizer: Tokenizer = files.tokenizer
        self._vocabulary = Vocabulary.of(files.tokenizer, config.vocab_size, config.eos_id)
        self._constraints = ConstraintMaker(self._vocabulary)
        self._pieces = PieceBook(self._vocabulary)
        capacity = rounded(settings.max_tokens)
        self._backend = make_backend(
            config, files.weights, settings, max_tokens=capacity, window=self.window, threads=self._threads
        )
        torch.set_num_threads(threads)
        self._runner = Runner(self._backend, settings.guess_rows)
        self._answers = AnswerStore()
        self._scheduler = Scheduler(settings.slots, settings.max_waiting, settings.encode_tokens)
        self._encoding: list[Sequence] = []
        self._streams: dict[Sequence, Stream] = {}
        self._wake = threading.Condition()  # guards the scheduler, the streams and _closed
        self._closed = False
        self._thread: threading.Thread | None = None

    @classmethod
    def load(cls, directory: Path, settings: EngineSettings | None = None) -> Engine:
        """Load a Hugging Face T5 directory. Raises ModelLoadError. Takes seconds: call it off the event loop."""
        return cls(load_directory(directory), settings)

    @property
    def free_slots(self) -> int:
        """How many requests would start at once."""
        with self._wake:
            return 0 if self._closed else self._scheduler.free_slots

    def count_tokens(self, text: str) -> int:
        """Return the length of a prompt in tokens, the end mark counted in."""
        return len(self.tokenize(text))

    async def submit(self, request: GenerationRequest) -> Stream:
        """Queue a request; return its stream of chunks, whose last item is Finished.

        Raises EngineClosedError, EngineOverloadedError, PromptTooLongError, and ValueError for settings that cannot
        be met.
        """
        sequence = self._sequence(request)
        stream = Stream(self, request.id)
        with self._wake:
            if self._closed:
                raise EngineClosedError("the engine is shut down: it takes no more requests")
            if sequence.reason is not None:  # the prefix was the whole answer already
                stream.put([*_present(sequence.rest()), sequence.finished(sequence.reason, time.monotonic())])
                return stream
            self._scheduler.submit(sequence)
            self._streams[sequence] = stream
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="t5-engine", daemon=True)
                self._thread.start()
            self._wake.notify()
        return stream

    def cancel(self, request_id: str) -> bool:
        """End a request now: what its stream holds is followed by Finished alone. Any thread may call it.

        Returns False when there is no such request, or it has ended.
        """
        with self._wake:
            sequence = self._scheduler.find(request_id)
            if sequence is None:
                return False
            stream = self._streams[sequence]
            self._deliver({stream: [self._end(sequence, FinishReason.CANCELLED)]})
            return True

    async def aclose(self) -> None:
        """Cancel what runs, stop the thread and wait for it. Safe to call twice."""
        with self._wake:
            self._closed = True
            self._end_all(FinishReason.CANCELLED)
            self._wake.notify()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self._backend.close()

    def tokenize(self, text: str) -> list[int]:
        """Return the ids of a prompt, the end mark last."""
        ids: list[int] = self._tokenizer.encode(text).ids
        # Some tokenizers are saved without the template that adds the end mark, which T5 was trained with.
        return ids if ids and ids[-1] == self._config.eos_id else [*ids, self._config.eos_id]

    def _sequence(self, request: GenerationRequest) -> Sequence:
        if not 0 < request.max_tokens <= self._settings.max_tokens:
            raise ValueError(f"max_tokens is {request.max_tokens}, the engine allows 1 to {self._settings.max_tokens}")
        if any(not 0 <= token < self._config.vocab_size for token in request.prefix_ids):
            raise ValueError("prefix_ids has ids outside the vocabulary: it is of another model")
        prompt = self.tokenize(request.prompt)
        if len(prompt) > self.window:
            raise PromptTooLongError(len(prompt), self.window)
        detokenizer = Detokenizer(self._vocabulary, request.literals, request.stop)
        constraint: Constraint | None = None
        if request.pointers:
            constraint = self._constraints.pointers(request.literals)
        elif request.literals:
            constraint = self._constraints.literals(request.literals.values())
        if request.sentences:
            constraint = SentenceConstraint(constraint, request.sentences, self._pieces)
        start, end = self._config.start_id, self._config.eos_id
        guesser: Guesser | None = None
        if request.speculate and self._settings.guess_rows:
            with self._wake:
                guesser = Guesser(self._answers.of(request.tenant), prompt, start, end)
        return Sequence(request, prompt, start, end, detokenizer, constraint, time.monotonic(), guesser)

    def _run(self) -> None:
        give_way(self._settings.niceness)
        torch.set_num_threads(self._backend.torch_threads(self._threads))
        with torch.inference_mode():
            while self._has_work():
                try:
                    self._step()
                except Exception:
                    log.exception("an engine step failed; its replies end with an error")
                    self._fail()

    def _has_work(self) -> bool:
        """Wait for sequences. Returns False at shutdown."""
        with self._wake:
            self._wake.wait_for(lambda: self._closed or len(self._scheduler))
            return not self._closed

    def _step(self) -> None:
        with self._wake:
            self._expire()
            newcomers = [] if self._runner.is_encoding else self._scheduler.admit()
        if newcomers:
            self._encoding = newcomers
            self._runner.begin(newcomers)
        self._encode()
        with self._wake:
            running = self._scheduler.running()
        if running:
            chosen = self._runner.decode(running)
            with self._wake:
                self._accept(chosen)

    def _encode(self) -> None:
        """Go on with the encoder pass: to its end when nothing decodes, else within the bound (at least a piece).

        The bound grows with the number of newcomers: one that comes alone is hardly felt by the replies that run, and
        many do not wait in turn behind them.
        """
        began = before = time.monotonic()
        longest = 0.0
        while self._runner.is_encoding:
            done = self._runner.encode_piece()
            now = time.monotonic()
            longest, before = max(longest, now - before), now
            with self._wake:
                if done:
                    self._scheduler.encoded(self._encoding)
                elif all(sequence.state is State.ENDED for sequence in self._encoding):
                    self._runner.drop()
                newcomers = len(self._encoding) + self._scheduler.waiting
                bound = min(self._settings.max_stall_s, newcomers * self._settings.stall_per_reply_s)
                full = now - began + longest > bound
                if self._closed or (full and self._scheduler.running()):
                    return

    def _accept(self, choices: list[Choice]) -> None:
        now = time.monotonic()
        items: dict[Stream, list[Item]] = {}
        for choice in choices:
            sequence = choice.sequence
            if sequence.state is not State.RUNNING:
                continue  # cancelled while this step ran: nothing of it is shown
            new: list[Item] = []
            for token in choice.tokens():
                new += _present(sequence.accept(token, now))
            sequence.settle()
            items[self._streams[sequence]] = new
            if sequence.reason is not None:
                new.append(self._end(sequence, sequence.reason))
        self._deliver(items)

    def _expire(self) -> None:
        for sequence in self._scheduler.overdue(time.monotonic()):
            stream = self._streams[sequence]
            self._deliver({stream: [*_present(sequence.rest()), self._end(sequence, FinishReason.DEADLINE)]})

    def _end(self, sequence: Sequence, reason: FinishReason) -> Item:
        now = time.monotonic()
        self._scheduler.end(sequence, reason, now)
        del self._streams[sequence]
        return sequence.finished(reason, now)

    def _end_all(self, reason: FinishReason) -> None:
        streams = dict(self._streams)
        self._deliver({stream: [self._end(sequence, reason)] for sequence, stream in streams.items()})

    def _fail(self) -> None:
        with self._wake:
            self._runner.drop()
            for sequence in self._scheduler.all():
                if sequence.state is not State.WAITING:
                    stream = self._streams[sequence]
                    self._deliver({stream: [self._end(sequence, FinishReason.ERROR)]})

    def _deliver(self, items: dict[Stream, list[Item]]) -> None:
        """Hand items to their event loops: one call per loop and step."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Stream, list[Item]]]] = defaultdict(list)
        for stream, new in items.items():
            by_loop[stream.loop].append((stream, new))
        for loop, batch in by_loop.items():
            try:
                loop.call_soon_threadsafe(_put, batch)
            except RuntimeError:  # the loop is closed, so nobody reads these streams
                log.warning("dropped the items of %d streams whose event loop is closed", len(batch))


class Stream(AsyncIterator[Item]):
    """The chunks of one request, then Finished. Call `aclose` when leaving early: it cancels the request."""

    def __init__(self, engine: Engine, request_id: str) -> None:
        self.loop = asyncio.get_running_loop()
        self._engine = engine
        self._id = request_id
        self._items: asyncio.Queue[Item] = asyncio.Queue()
        self._ended = False

    def put(self, items: list[Item]) -> None:
        """Add items; called in the stream's event loop."""
        for item in items:
            self._items.put_nowait(item)

    async def __anext__(self) -> Item:
        if self._ended:
            raise StopAsyncIteration
        item = await self._items.get()
        self._ended = isinstance(item, Finished)
        return item

    async def aclose(self) -> None:
        """Cancel the request unless it has ended; nothing more is read from it."""
        if not self._ended:
            self._ended = True
            self._engine.cancel(self._id)


def _present(chunk: Chunk | None) -> list[Item]:
    return [] if chunk is None else [chunk]


def _put(batch: list[tuple[Stream, list[Item]]]) -> None:
    for stream, items in batch:
        stream.put(items)
