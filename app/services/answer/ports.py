"""What the answer pipeline needs from the outside."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from app.domain.catalogue import Article, CustomerView, Order, Product, ShopProfile
from app.services.answer.question import Previous
from nlp.engine.request import Chunk, Finished, GenerationRequest
from nlp.prompt import Turn


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is searched: active products and published articles of one shop."""

    products: Sequence[Product]
    articles: Sequence[Article]


class Records(Protocol):
    """The shop's records, read fresh for every answer."""

    async def profile(self, shop: UUID) -> ShopProfile: ...

    async def customer(self, shop: UUID, customer: UUID, *, verified: bool) -> CustomerView: ...

    async def orders(self, shop: UUID, customer: UUID, limit: int = 20) -> Sequence[Order]: ...

    async def proven_order(self, shop: UUID, number: str, email: str) -> Order | None: ...

    async def catalogue_version(self, shop: UUID) -> str: ...

    async def catalogue(self, shop: UUID) -> Catalogue: ...

    async def products(self, shop: UUID, ids: Sequence[UUID]) -> Sequence[Product]: ...


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """What a reply is about, as read when its job was claimed. `question` joins all messages it answers."""

    shop: UUID
    conversation: UUID
    customer: UUID
    visitor: UUID
    verified: bool
    question: str
    history: Sequence[Turn] = ()
    previous: Previous | None = None
    page_product: str | None = None
    said: Sequence[str] = ()  # by the customer before, in more turns than `history` holds


class Attempts(Protocol):
    """A limit on guessing order numbers."""

    async def allow(self, key: str) -> bool:
        """Count one attempt under `key`; false once there were too many in the window."""


class TokenStream(Protocol):
    """The tokens of one reply; the last item is Finished."""

    def __aiter__(self) -> AsyncIterator[Chunk | Finished]: ...


class Responder(Protocol):
    """The engine that writes answers."""

    @property
    def model_hash(self) -> str: ...

    @property
    def tokenizer_hash(self) -> str: ...

    @property
    def window(self) -> int: ...

    @property
    def free_slots(self) -> int: ...

    def count_tokens(self, text: str) -> int: ...

    async def submit(self, request: GenerationRequest) -> TokenStream:
        """Start a reply.

        Raises: EngineOverloadedError, EngineClosedError, PromptTooLongError.
        """

    def cancel(self, request_id: str) -> bool:
        """End a reply within one step; false when there is none."""

    async def aclose(self) -> None: ...


class ReplyContexts(Protocol):
    """Reads what answers are about."""

    async def read(self, reply: UUID) -> ReplyContext: ...

    async def read_open(self, conversation: UUID) -> ReplyContext | None:
        """Return what an answer would be about now; None when the customer has said nothing to answer."""
