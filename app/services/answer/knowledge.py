"""Search in the shops' products and articles: one index per shop, rebuilt when the catalogue changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.catalogue import Article, Product
from app.services.answer.ports import Catalogue, Records
from app.services.answer.question import Found
from app.services.answer.sentences import split_sentences
from nlp.encoder import Encoder, Vectors
from nlp.retrieval import Document, Index

CHECK_S = 2.0  # how long a catalogue's version is believed
PRODUCT_HITS = 8
ARTICLE_HITS = 3
SECOND_SENTENCE = 0.75  # of the best one's score, from which a second sentence is quoted too
SHOWN_CHARS = 220  # of an article in an answer
KEPT_TEXTS = 2000  # whose sentences' vectors are kept: 5 kB each


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found, best first."""

    products: Sequence[Found[Product]] = ()
    articles: Sequence[Found[Article]] = ()
    sentences: Mapping[UUID, str] = field(default_factory=dict)
    """Of the best article and product, the sentence that answers the message best."""


@dataclass(frozen=True, slots=True)
class _Shelf:
    version: str
    checked_at: float
    products: Index
    articles: Index
    article_by_id: dict[str, Article]
    product_ids: dict[str, UUID]  # by external id and by id


class Knowledge:
    """Indexes of all shops this worker has answered for."""

    def __init__(self, records: Records, encoder: Encoder, clock: Callable[[], float] = time.monotonic) -> None:
        self._records = records
        self._encoder = encoder
        self._clock = clock
        self._shelves: dict[UUID, _Shelf] = {}
        self._locks: dict[UUID, asyncio.Lock] = {}
        self._vectors: dict[str, Vectors] = {}  # of the sentences of a text

    async def warm(self, shop: UUID) -> None:
        """Build a shop's index now."""
        await self._shelf(shop)

    async def search(self, shop: UUID, text: str, vector: Vectors) -> Hits:
        """Return the products and articles that match a message; products as they are in the database now."""
        shelf = await self._shelf(shop)
        product_hits = shelf.products.search(text, vector, PRODUCT_HITS)
        article_hits = shelf.articles.search(text, vector, ARTICLE_HITS)
        scores = {UUID(hit.id): hit.score for hit in product_hits}
        products = await self._records.products(shop, list(scores))
        articles = [Found(shelf.article_by_id[hit.id], hit.score) for hit in article_hits]
        texts = {one.item.id: one.item.body for one in articles[:1]}
        texts |= {product.id: product.description for product in products[:1]}
        return Hits(
            products=[Found(product, scores[product.id]) for product in products],
            articles=articles,
            sentences=await asyncio.to_thread(self._best_sentences, texts, text, vector),
        )

    def _best_sentences(self, texts: Mapping[UUID, str], query: str, vector: Vectors) -> dict[UUID, str]:
        """Choose a sentence of each text, or the two that answer almost equally well, in the order of the text."""
        found = {}
        for key, text in texts.items():
            sentences = split_sentences(text)
            if not sentences:
                continue
            index = Index(
                [Document(str(at), "", sentence) for at, sentence in enumerate(sentences)],
                self._sentence_vectors(text, sentences),
            )
            best = index.search(query, vector, 2)
            rows = sorted(int(hit.id) for hit in best if hit.score >= best[0].score * SECOND_SENTENCE)
            both = " ".join(sentences[row] for row in rows)
            found[key] = (both if len(both) <= SHOWN_CHARS else sentences[int(best[0].id)]).rstrip(".")
        return found

    def _sentence_vectors(self, text: str, sentences: Sequence[str]) -> Vectors:
        known = self._vectors.get(text)
        if known is None:
            if len(self._vectors) >= KEPT_TEXTS:
                self._vectors.clear()
            known = self._vectors[text] = self._encoder.encode(sentences)
        return known

    async def product(self, shop: UUID, product: str) -> Product | None:
        """Return the product a page names, by its id here or the shop's own."""
        wanted = (await self._shelf(shop)).product_ids.get(product)
        found = await self._records.products(shop, [wanted]) if wanted is not None else ()
        return found[0] if found else None

    async def _shelf(self, shop: UUID) -> _Shelf:
        async with self._locks.setdefault(shop, asyncio.Lock()):
            known = self._shelves.get(shop)
            if known is not None and self._clock() - known.checked_at < CHECK_S:
                return known
            version = await self._records.catalogue_version(shop)
            if known is None or known.version != version:
                catalogue = await self._records.catalogue(shop)
                shelf = await asyncio.to_thread(self._build, catalogue, version)
            else:
                shelf = _Shelf(
                    version,
                    self._clock(),
                    known.products,
                    known.articles,
                    known.article_by_id,
                    known.product_ids,
                )
            self._shelves[shop] = shelf
            return shelf

    def _build(self, catalogue: Catalogue, version: str) -> _Shelf:
        products = [Document(str(product.id), product.title, _words(product)) for product in catalogue.products]
        articles = [Document(str(article.id), article.title, article.body) for article in catalogue.articles]
        ids = {product.external_id: product.id for product in catalogue.products}
        return _Shelf(
            version=version,
            checked_at=self._clock(),
            products=Index.build(products, self._encoder),
            articles=Index.build(articles, self._encoder),
            article_by_id={str(article.id): article for article in catalogue.articles},
            product_ids=ids | {str(product.id): product.id for product in catalogue.products},
        )


def _words(product: Product) -> str:
    parts = [product.description, product.category, *product.tags, *product.colours, product.material or ""]
    return " ".join(part for part in parts if part)
