"""Ids to text, piece by piece: whole characters only, and the joined pieces are the whole decoded text."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping

from nlp.engine.vocabulary import SPACE, Vocabulary

# Before these a literal is not followed by a space, and after those it is not preceded by one.
_CLOSING = frozenset(".,;:!?)]}%…»”’'\"")
_OPENING = frozenset("([{#/=&@<«“‘$€£¥")
_QUOTES = frozenset("\"'-–—")  # opening, and so without a space after them, unless they close something


class Detokenizer:
    """The text of one reply. `end` is the length in UTF-8 bytes of what `push` and `flush` returned so far.

    A sentinel of `literals` is written as its literal, never grown together with a word. Where the tokenizer does not
    keep the spaces around sentinels, they are put where the marks around the literal ask for them. Text that may be
    the beginning of a stop string is held back.
    """

    def __init__(self, vocabulary: Vocabulary, literals: Mapping[int, str], stop: Iterable[str]) -> None:
        self._vocabulary = vocabulary
        self._literals = {vocabulary.sentinels[k]: text for k, text in literals.items() if k in vocabulary.sentinels}
        self._stop = tuple(text for text in stop if text)
        self._bytes = codecs.getincrementaldecoder("utf-8")("replace")
        self._begun = False  # a piece was written
        self._last = ""  # the last two characters written
        self._after_literal = False
        self._space = False  # a space after a literal, waiting for what follows it
        self._held = ""
        self.end = 0
        self.stopped = False

    def push(self, token: int) -> str:
        """Take one id; return the text that became visible. After a stop string there is none."""
        return self._show(self._write(token), last=False)

    def flush(self) -> str:
        """Return the text held back, at the end of the reply."""
        tail = self._spell_rest()
        if self._space:
            tail, self._space = tail + " ", False
        return self._show(tail, last=True)

    def _write(self, token: int) -> str:
        literal = self._literals.get(token)
        if literal is not None:
            return self._spell_rest() + self._note(self._gap() + literal, literal=True)
        if token in self._vocabulary.special or token not in self._vocabulary.pieces:
            return ""
        byte = self._vocabulary.bytes.get(token)
        if byte is not None:
            first, self._begun = not self._begun, True
            text = self._bytes.decode(bytes((byte,)))
            # The Metaspace decoder drops a space from the first token alone, and a byte is never that space.
            return self._note(self._join(text)) if text or first else ""
        return self._spell_rest() + self._piece(self._vocabulary.pieces[token])

    def _piece(self, piece: str) -> str:
        text = piece.replace(SPACE, " " if self._begun else "")
        self._begun = True
        return self._note(self._join(text))

    def _spell_rest(self) -> str:
        """Write what an unfinished run of bytes leaves, as replacement characters."""
        rest = self._bytes.decode(b"", final=True)
        return self._note(rest) if rest else ""

    def _gap(self) -> str:
        """Return the space before a literal, or nothing where it opens the text or follows an opening mark."""
        if self._space:
            self._space = False
            return " "
        before = self._last[-1:]
        if self._vocabulary.keeps_spaces:
            return " " if before.isalnum() else ""
        if not before or before.isspace() or before in _OPENING:
            return ""
        opens = before in _QUOTES and (len(self._last) < 2 or not self._last[0].isalnum() or before in "-–—")
        return "" if opens else " "

    def _join(self, text: str) -> str:
        """Mend the space between a literal and the text after it."""
        if not self._after_literal or not text:
            return text
        if self._vocabulary.keeps_spaces:
            return f" {text}" if text[0].isalnum() else text
        spaced = self._space or text[0] == " "
        body = text.removeprefix(" ")
        if not body:
            self._space = True  # the next piece decides
            return ""
        self._space = False
        if body[0] in _CLOSING:
            return body
        return f" {body}" if spaced or body[0].isalnum() else body

    def _note(self, text: str, *, literal: bool = False) -> str:
        if text:
            self._begun = True
            self._last = (self._last + text)[-2:]
            self._after_literal = literal
        return text

    def _show(self, text: str, *, last: bool) -> str:
        if self.stopped:
            return ""
        text = self._held + text
        found = [place for stop in self._stop if (place := text.find(stop)) >= 0]
        if found:
            self.stopped = True
            text, self._held = text[: min(found)], ""
        else:
            keep = 0 if last else self._possible(text)
            text, self._held = text[: len(text) - keep], text[len(text) - keep :]
        self.end += len(text.encode())
        return text

    def _possible(self, text: str) -> int:
        """Return how many characters at the end of a text may begin a stop string."""
        longest = max(map(len, self._stop), default=1) - 1
        for size in range(min(longest, len(text)), 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stop):
                return size
        return 0
