"""Search in the shops' products and articles: one index per shop, rebuilt when the catalogue changed."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from uuid import UUID

from app.domain.catalogue import Article, Product
from app.services.answer.ports import Catalogue, Records
from app.services.answer.question import Found
from app.services.answer.sentences import split_sentences
from app.services.answer.shared_work import SharedWork, StoppedError
from app.services.answer.vectors import TextVectors
from nlp.model_files import Vectors
from nlp.retrieval import Document, Encodes, Index, roots, terms

CHECK_S = 2.0  # how long a catalogue's version is believed
PATIENCE_S = 4.0  # of an answer, for an index that is being built: of a few hundred products it is done by then
GLANCE_S = 0.2  # of one in a large shop, whose index takes longer
LARGE = 2_000  # products
PRODUCT_HITS = 8
KIND_HITS = 40  # of the kind that was named: price, colour and stock leave few of them
ARTICLE_HITS = 5
DESCRIBED_HITS = 3  # products whose sentences are compared with the message
SECOND = 0.9  # of the best one's score, from which a second sentence is quoted too
MEANING = 0.6  # share of the meaning in the score of a product's sentence; the rest is words
LEANING = 0.7  # share of the score that is left to a sentence that says little without the one before it
_LEANS = re.compile(r"(?:After (?:that|it)|Then|That|This|In that case|Otherwise)\b")
SHORTEST_TYPO = 5  # letters; a shorter word is one letter away from too many others
TYPO_LIKENESS = 0.83  # one letter of six, or two that changed places
SHOWN_CHARS = 220  # of an article in an answer
SYNONYMS = {
    "present": "gift",
    "sneaker": "shoe",
    "backpack": "pack",
    "rucksack": "pack",
    "pant": "trouser",
    "coat": "jacket",
    "raincoat": "jacket",
}
# What is told in answer to a word: nobody writes that a lamp is so and so bright.
MEASURES = {
    "heavy": ("weigh", "gram", "kilogram"), "weight": ("weigh", "gram", "kilogram"), "bright": ("lumen",),
    "big": ("litre", "millilitre", "hold", "centimetre"), "volume": ("litre", "millilitre"),
    "people": ("sleep",), "person": ("sleep",), "cold": ("degree",), "minu": ("degree",), "temperature": ("degree",),
    "rechargeable": ("charge",), "thick": ("centimetre",), "waterproof": ("rain", "rainproof", "dry"),
    "lighter": ("weigh", "gram", "kilogram"), "heavier": ("weigh", "gram", "kilogram"), "leakproof": ("leak",),
}  # fmt: skip
# What stands after one of them says more of the noun before, or is another one.
_PHRASE_ENDS = re.compile(r"\b(?:for|with|without|to|in|on|of|from|at|that|which|and|or)\b|[,;.!?]", re.IGNORECASE)
_ANY_VERB = roots("put get use go goes take need make come used using")
SENTENCES_AHEAD = 20_000  # of a shop, encoded before its first question; further ones when their text is found


@dataclass(frozen=True, slots=True)
class Hits:
    """What a search found, best first."""

    products: Sequence[Found[Product]] = ()
    of_kind: Sequence[Found[Product]] = ()  # those of the kind that the message names: a jacket, boots
    names_kind: bool = False
    goes_on_with: str | None = None  # the earlier message whose kind it is
    articles: Sequence[Found[Article]] = ()
    sentences: Mapping[UUID, Found[str]] = field(default_factory=dict)
    """Of the best articles and products, the sentence that answers the message best."""


@dataclass(frozen=True, slots=True)
class _Shelf:
    version: str
    checked_at: float
    is_whole: bool  # else it finds by words alone
    products: Index
    articles: Index
    article_by_id: dict[str, Article]
    product_ids: dict[str, UUID]  # by external id and by id
    kinds: dict[str, frozenset[str]]  # ids of products by their category, and by the last word of a title
    tagged: dict[str, frozenset[str]]  # ids of products by their tags
    titled: dict[str, frozenset[str]]  # and by the words of their titles

    def of_kind(self, text: str) -> frozenset[str]:
        """Return the products that are of all kinds that a text names (`a sleeping bag`), or where no product is, of
        the kind that the noun it looks for names: of `a light tent for my pack` the tents.

        Where it names none, those with a property that it names: `a gift`, `something for running`.
        """
        phrases = [self._known_terms(phrase) for phrase in _PHRASE_ENDS.split(text)]
        said = [term for phrase in phrases for term in phrase]
        named = [self.kinds[term] for term in said if term in self.kinds]
        if named:
            heads = ([self.kinds[term] for term in phrase if term in self.kinds] for phrase in phrases)
            head = next(kinds for kinds in heads if kinds)
            return frozenset.intersection(*named) or frozenset.intersection(*head) or head[-1]
        return frozenset().union(*(self.tagged[term] for term in said if term in self.tagged))

    def names_product(self, text: str) -> bool:
        """Tell whether a text holds no more than words of one title, or a kind: `the family dome`, `the backpack`."""
        holding = [self.titled.get(term, frozenset()) for term in terms(text)]
        known = self._known_terms(text)
        return bool(holding and frozenset.intersection(*holding)) or (bool(known) and self.kinds.keys() >= set(known))

    def names_property(self, text: str) -> bool:
        """Tell whether a text names a property of products, and no kind."""
        said = self._known_terms(text)
        return any(term in self.tagged for term in said) and not any(term in self.kinds for term in said)

    def _known_terms(self, text: str) -> list[str]:
        said = [SYNONYMS.get(term, term) for term in terms(text)]
        return [term if term in self.tagged else _as_known(term, self.kinds) for term in said]


class Knowledge:
    """Indexes of all shops this worker has answered for."""

    def __init__(
        self,
        records: Records,
        encoder: Encodes,
        clock: Callable[[], float] = time.monotonic,
        *,
        vectors: Path | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`vectors`: a file in which the vectors of texts outlive this process."""
        self._patience_s = patience_s
        self._records = records
        self._vectors = TextVectors(encoder, file=vectors)
        self._clock = clock
        self._shelves: dict[UUID, _Shelf] = {}
        self._builds = SharedWork("index", self._renew)

    async def warm(self, shop: UUID) -> None:
        """Build a shop's index now, whole, and encode the sentences that answers may quote."""
        with suppress(StoppedError):
            await self._builds.result(shop)
            await asyncio.to_thread(self._vectors.save)
            sentences = _sentences_of(await self._records.catalogue(shop))
            await asyncio.to_thread(self._vectors.encode, sentences[:SENTENCES_AHEAD])
            await asyncio.to_thread(self._vectors.save)

    async def search(self, shop: UUID, text: str, vector: Vectors, *, said: str = "") -> Hits:
        """Return the products and articles that match a message; products as they are in the database now.

        What was `said` already is quoted again only where an article holds nothing else.
        """
        shelf = await self._shelf(shop)
        product_hits = shelf.products.search(text, vector, PRODUCT_HITS)
        article_hits = shelf.articles.search(text, vector, ARTICLE_HITS)
        kind = shelf.of_kind(text)
        kind_hits = shelf.products.search(text, vector, KIND_HITS, allowed=kind) if kind else []
        scores = {UUID(hit.id): hit.score for hit in (*product_hits, *kind_hits)}
        known = {product.id: product for product in await self._records.products(shop, list(scores))}
        products = [known[UUID(hit.id)] for hit in product_hits if UUID(hit.id) in known]
        articles = [Found(shelf.article_by_id[hit.id], hit.score) for hit in article_hits]
        bodies = {one.item.id: (one.item.title, one.item.body) for one in articles}
        texts = {product.id: (product.title, product.description) for product in products[:DESCRIBED_HITS]}
        return Hits(
            products=[Found(product, scores[product.id]) for product in products],
            of_kind=[Found(known[UUID(hit.id)], hit.score) for hit in kind_hits if UUID(hit.id) in known],
            names_kind=bool(kind),
            articles=articles,
            sentences={
                **await asyncio.to_thread(self._best_of_articles, bodies, vector, said),
                **await asyncio.to_thread(self._best_sentences, texts, text, vector),
            },
        )

    async def sentences_of(self, products: Sequence[Product], text: str, vector: Vectors) -> Mapping[UUID, Found[str]]:
        """Return the sentence of each product's description that answers a message best."""
        texts = {product.id: (product.title, product.description) for product in products}
        return await asyncio.to_thread(self._best_sentences, texts, text, vector) if texts else {}

    def _best_of_articles(
        self, texts: Mapping[UUID, tuple[str, str]], vector: Vectors, said: str
    ) -> dict[UUID, Found[str]]:
        """Choose a sentence of each article by its meaning, by itself and with the title that says what it is about.

        Shared words add nothing here, as measured in docs/measurements/quoting.md.
        """
        found = {}
        self._vectors.encode(
            _with_titles([(title, one) for title, text in texts.values() for one in split_sentences(text)])
        )
        for key, (title, text) in texts.items():
            sentences = split_sentences(text)
            sentences = [one for one in sentences if one.rstrip(".") not in said] or sentences
            if sentences:
                vectors = self._vectors.encode(sentences)
                titled = self._vectors.encode([_titled(title, one) for one in sentences])
                scores = ((vectors @ vector + titled @ vector) / 2).tolist()
                whole = [LEANING if _LEANS.match(one) else 1.0 for one in sentences]
                found[key] = _best(sentences, [score * share for score, share in zip(scores, whole, strict=True)])
        return found

    def _best_sentences(
        self, texts: Mapping[UUID, tuple[str, str]], query: str, vector: Vectors
    ) -> dict[UUID, Found[str]]:
        """Choose a sentence of each product's description."""
        found = {}
        for key, (title, text) in texts.items():
            sentences = split_sentences(text)
            if sentences:
                meaning = self._vectors.encode(sentences) @ vector
                found[key] = _best(sentences, _sentence_scores(title, sentences, query, meaning))
        return found

    async def names_kind(self, shop: UUID, text: str) -> bool:
        """Tell whether a text says what kind of product it is about."""
        return bool((await self._shelf(shop)).of_kind(text))

    async def names_product(self, shop: UUID, text: str) -> bool:
        """Tell whether a text names a product or a kind of them, and says no more."""
        return (await self._shelf(shop)).names_product(text)

    async def names_property(self, shop: UUID, text: str) -> bool:
        """Tell whether a text names no kind of product but a property: `she likes hiking`."""
        return (await self._shelf(shop)).names_property(text)

    async def product(self, shop: UUID, product: str) -> Product | None:
        """Return the product a page names, by its id here or the shop's own."""
        wanted = (await self._shelf(shop)).product_ids.get(product)
        found = await self._records.products(shop, [wanted]) if wanted is not None else ()
        return found[0] if found else None

    async def aclose(self) -> None:
        """End the building of indexes."""
        self._vectors.stop()
        await self._builds.aclose()

    async def _shelf(self, shop: UUID) -> _Shelf:
        """Return a shop's index as it is now; where that takes longer than an answer can wait, the one before, and of a
        shop that has none yet one that finds by words alone."""
        known = self._shelves.get(shop)
        if known is not None and known.is_whole and self._clock() - known.checked_at < CHECK_S:
            return known
        waited_s = 0.0
        while True:
            try:
                async with asyncio.timeout(GLANCE_S) as glance:
                    return await self._builds.result(shop)
            except TimeoutError:
                if not glance.expired():
                    raise
            waited_s += GLANCE_S
            known = self._shelves.get(shop)
            if known is not None and (waited_s >= self._patience_s or len(known.products) > LARGE):
                return known

    async def _renew(self, shop: UUID) -> _Shelf:
        """Build a shop's index if its catalogue is another than before."""
        known, version = self._shelves.get(shop), await self._records.catalogue_version(shop)
        if known is None or known.version != version or not known.is_whole:
            catalogue = await self._records.catalogue(shop)
            shelf, texts = await asyncio.to_thread(self._build, catalogue, version)
            self._shelves.setdefault(shop, shelf)
            shelf = await asyncio.to_thread(self._with_vectors, shelf, *texts)
        else:
            shelf = replace(known, checked_at=self._clock())
        self._shelves[shop] = shelf
        return shelf

    def _with_vectors(self, shelf: _Shelf, products: Sequence[str], articles: Sequence[str]) -> _Shelf:
        self._vectors.read()
        return replace(
            shelf,
            checked_at=self._clock(),
            is_whole=True,
            products=shelf.products.with_vectors(self._vectors.encode(products)),
            articles=shelf.articles.with_vectors(self._vectors.encode(articles)),
        )

    def _build(self, catalogue: Catalogue, version: str) -> tuple[_Shelf, tuple[Sequence[str], Sequence[str]]]:
        """Return a shop's index by words, with the texts whose vectors it lacks."""
        products = [Document(str(product.id), product.title, _words(product)) for product in catalogue.products]
        articles = [Document(str(article.id), article.title, article.body) for article in catalogue.articles]
        ids = {product.external_id: product.id for product in catalogue.products}
        shelf = _Shelf(
            version=version,
            checked_at=self._clock(),
            is_whole=False,
            products=Index(products, None),
            articles=Index(articles, None),
            article_by_id={str(article.id): article for article in catalogue.articles},
            product_ids=ids | {str(product.id): product.id for product in catalogue.products},
            kinds=_kinds(catalogue.products),
            tagged=_by_term(catalogue.products, lambda product: product.tags),
            titled=_by_term(catalogue.products, lambda product: (product.title,)),
        )
        return shelf, ([one.whole for one in products], [one.whole for one in articles])


def _as_known(term: str, known: Mapping[str, object]) -> str:
    """Return the kind that a mistyped word means, `jakcet`, or the word itself."""
    if term in known or len(term) < SHORTEST_TYPO:
        return term
    near = get_close_matches(term, [one for one in known if one[0] == term[0]], 1, TYPO_LIKENESS)
    return near[0] if near else term


def _best(sentences: Sequence[str], scores: Sequence[float]) -> Found[str]:
    """Return the best sentence, or those that answer almost equally well, in the order of the text."""
    best = max(range(len(sentences)), key=scores.__getitem__)
    both = " ".join(one for one, score in zip(sentences, scores, strict=True) if score >= scores[best] * SECOND)
    chosen = both if len(both) <= SHOWN_CHARS else sentences[best]
    return Found(chosen.rstrip("."), scores[best])


def _sentences_of(catalogue: Catalogue) -> list[str]:
    """Return what may be compared with a message, the articles first."""
    articles = [(article.title, one) for article in catalogue.articles for one in split_sentences(article.body)]
    products = [one for product in catalogue.products for one in split_sentences(product.description)]
    return [*_with_titles(articles), *products]


def _with_titles(sentences: Sequence[tuple[str, str]]) -> list[str]:
    """Return what is compared of an article: each sentence by itself and with the title."""
    return [*(one for _, one in sentences), *(_titled(*one) for one in sentences)]


def _titled(title: str, sentence: str) -> str:
    return f"{title}. {sentence}"


def _sentence_scores(title: str, sentences: Sequence[str], query: str, meaning: Vectors) -> list[float]:
    """Return for each sentence how well it answers, 0 to 1: by meaning, and by the share of the words asked for.

    The words of the title say which text is meant, and nothing about its sentences; so do verbs that go with anything.
    """
    aside = roots(title) | _ANY_VERB
    measured = {root: roots(" ".join((term, *MEASURES.get(term, ())))) for term in terms(query) for root in roots(term)}
    asked = [told for root, told in measured.items() if root not in aside]
    told = [roots(sentence) for sentence in sentences]
    shared = [sum(not one.isdisjoint(words) for one in asked) / max(1, len(asked)) for words in told]
    return [
        MEANING * max(0.0, float(close)) + (1 - MEANING) * share for close, share in zip(meaning, shared, strict=True)
    ]


def _kinds(products: Sequence[Product]) -> dict[str, frozenset[str]]:
    """Return the ids of products by what they are: `jacket` is a category, `boot` the last word of titles."""
    last = (word for product in products for text in (product.category, product.title) for word in terms(text)[-1:])
    nouns = {term for term in last if term.isalpha()}
    found: dict[str, set[str]] = {}
    for product in products:
        for term in nouns.intersection((*terms(product.category)[-1:], *terms(product.title))):
            found.setdefault(term, set()).add(str(product.id))
    return {term: frozenset(ids) for term, ids in found.items()}


def _by_term(products: Sequence[Product], texts: Callable[[Product], Sequence[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for product in products:
        for term in {term for text in texts(product) for term in terms(text)}:
            found.setdefault(term, set()).add(str(product.id))
    return {term: frozenset(ids) for term, ids in found.items()}


def _words(product: Product) -> str:
    parts = [product.description, product.category, *product.tags, *product.colours, product.material or ""]
    return " ".join(part for part in parts if part)
