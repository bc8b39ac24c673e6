"""Scenes on products: what they are like, whether they are in stock, and what to recommend."""

from __future__ import annotations

import itertools

from nlp.training.responder.grammar import Scene, Slot, also, maybe, say

DETAIL = (
    "tell me (more|something) about the {product.1.title}",
    "(what|how) is the {product.1.title} (like|)?",
    "(can|could) you tell me more about the {product.1.title}?",
    "more (info|information|details) (on|about) the {product.1.title}",
    "{product.1.title}?",
    "(what are the features|features) of the {product.1.title}?",
    "(what is special|what's special) about the {product.1.title}?",
    "describe the {product.1.title} (please|)",
)
OPINION = (
    "is (this|the) {thing} any good?",
    "is the {product.1.title} (any good|good quality|worth it|worth the money)?",
    "and is it any good?",
    "would you recommend the {product.1.title}?",
)
PRICE = (
    "how much (is|does) the {product.1.title} (cost|)?",
    "(what's|what is) the price of the {product.1.title}?",
    "price of (the|) {product.1.title}",
    "how (expensive|much) is (this|that|the) {thing}?",
    "what does the {product.1.title} cost?",
)
ON_SALE = (
    "is the {product.1.title} (on sale|reduced|discounted)?",
    "is (it|this) (on sale|reduced)?",
)
SIZES = (
    "(which|what) sizes (does|do) the {product.1.title} come in?",
    "(which|what) sizes do you have (of|for) the {product.1.title}?",
    "(sizes|size chart) for the {product.1.title}?",
    "is there a size chart for the {product.1.title}?",
    "what sizes are there?",
)
COLOURS = (
    "(which|what) (colours|colors) (does|do) the {product.1.title} come in?",
    "(does|do) the {product.1.title} come in (other|different) colours?",
    "(colours|colors) of the {product.1.title}?",
    "what (colours|colors) do you have?",
    "what are the colours of the {product.1.title}?",
)
MATERIAL = (
    "what (is|are) the {product.1.title} made of?",
    "what material is the {product.1.title}?",
    "which material is the {product.1.title}?",
    "(material|fabric) of the {product.1.title}?",
    "what's it made of?",
)
SEARCH = (
    "(I'm looking for|I am looking for|looking for|I need|I want|I'd like) (a|a nice|a good|a new) {thing}",
    "(can|could) you recommend (a|a good|a nice) {thing}?",
    "do you (sell|have|carry) {thing}s?",
    "(show me|what) {thing}s (do you have|)?",
    "(any|do you have any) (recommendations|ideas) (for a gift|for my dad|for hiking|for winter|for a {thing})?",
    "what (would|can|do) you recommend (for a birthday present|for rainy days|for camping|for the office|)?",
    "I need something for (hiking|running|the beach|winter|a wedding|travelling|my mum|my kitchen)",
    "best {thing} you have",
    "gift (ideas|for my wife|for a friend)",
    "{thing} for (women|men|kids)",
    "help me find a {thing}",
    "what's (popular|new|trending)?",
)
VAGUE = (
    "I'm looking for something (nice|special|)",
    "I want to buy something",
    "(can|could) you recommend (something|anything)?",
    "any (recommendations|ideas|suggestions)?",
    "what do you (sell|have)?",
    "help me choose something",
    "I need a gift",
)
STOCK = (
    "(is|are) the {product.1.title} (in stock|available|still available) (in {product.1.variant}|)?",
    "do you (still |)have the {product.1.title} (in {product.1.variant}|in {size}|in {colour}|)?",
    "(is there|do you have) (a {thing}|this {thing}|it) in (size {size}|{size}|{colour}) ?",
    "{product.1.title} {product.1.variant} (available|in stock)?",
    "(is|are) (this|that|the) {thing} (sold out|available|in stock)?",
    "availability of the {product.1.title}",
    "can I (still |)get the {product.1.title} (in {product.1.variant}|)?",
    "do you have {product.1.title}?",
    "got the {thing} in {size}?",
)
STOCK_OF_VARIANT = (
    "(is|are) the {product.1.title} (in stock|available|still available) in {product.1.variant}?",
    "do you (still |)have the {product.1.title} in {product.1.variant}?",
    "{product.1.title} {product.1.variant} (available|in stock)?",
    "can I (still |)get the {product.1.title} in {product.1.variant}?",
)
RESTOCK = (
    "when (will|is) the {product.1.title} (be |)(back in stock|available again)?",
    "will you get more of the {product.1.title}?",
    "when do you get (more of the {product.1.title}|new {thing}s)?",
    "when can I get the {product.1.title} again?",
    "how long until the {product.1.title} is back?",
)
COUNT = (
    "how many {thing}s (do you have|are) left?",
    "how many of the {product.1.title} (do you have|are there|are left)?",
    "how many {product.1.title} are in stock?",
)
WHICH = (
    "is it (waterproof|washable|in stock|available|warm|any good)?",
    "do you have it in {size}?",
    "how much is it?",
    "is this available?",
    "what sizes do you have?",
    "does it have pockets?",
    "I have a question about a product",
    "product question",
    "tell me more about it",
)

_FOLLOW_STOCK = (
    "is it (in stock|available)?",
    "do you have it in (size |){size}?",
    "(and|) in {colour}?",
    "no, the {colour} one",
    "and the other one?",
    "and in {size}?",
)
_SOLD_NEXT = also(
    "New stock should arrive on {product.1.restock}.",
    "We expect more on {product.1.restock}.",
)
_LINK = maybe("Here it is: {product.1.link}", "You can find it here: {product.1.link}", chance=0.6)
_FOR_SALE, _SOLD_OUT = "product.1.stock=not sold out? ", "product.1.stock=sold out? "
_UNKNOWN = "I don't have that detail here, but a colleague can check it. Shall I bring one in?"


def _known_of_product() -> list[str]:
    """Say what there is: a sentence of the description, material, price and choice; the richest that fits is taken."""
    said = []
    for detail, material, price, colours, sizes in itertools.product((True, False), repeat=5):
        about = ["{product.1.detail}."] * detail
        about += ["The material of the {product.1.title} is {product.1.material}."] * material
        choice = ["{product.1.colours}"] * colours + ["the sizes {product.1.sizes}"] * sizes
        held = [" for {product.1.price}"] * price + [f" in {' and in '.join(choice)}"] * bool(choice)
        can_get = [f"You can get the {{product.1.title}}{','.join(held)}."] * bool(held)  # fits `slippers` too
        said += [f"{_FOR_SALE}{' '.join([*about, *can_get])}"] * bool(about or held)
        said += [f"{_SOLD_OUT}{' '.join([*about, 'We are out of the {product.1.title} at the moment.'])}"] * (not held)
    return said


def _question_scenes() -> list[Scene]:
    place, always = "product_question/found", ("product.1.title",)
    detail = (
        say(
            "I don't have more details on the {product.1.title} here, but a colleague can help. Shall I bring one in?",
            *_known_of_product(),
        ),
        _LINK,
    )
    price = (
        say(
            "I don't know what the {product.1.title} costs, but a colleague can tell you. Shall I bring one in?",
            f"{_FOR_SALE}The price of the {{product.1.title}} is {{product.1.price}}.",
            f"{_FOR_SALE}You can get the {{product.1.title}} for {{product.1.price}}.",
            f"{_FOR_SALE}The {{product.1.title}} is on sale for {{product.1.price}} instead of "
            "{product.1.old_price}.",
            f"{_SOLD_OUT}The price of the {{product.1.title}} is {{product.1.price}}, but we are out of stock at the "
            "moment.",
        ),
    )
    sizes = (
        say(
            "I don't have the sizes of the {product.1.title} here, but a colleague can check. Shall I bring one in?",
            f"{_FOR_SALE}We have the {{product.1.title}} in these sizes: {{product.1.sizes}}.",
            f"{_FOR_SALE}You can get the {{product.1.title}} in {{product.1.sizes}}.",
            f"{_SOLD_OUT}The sizes of the {{product.1.title}} are {{product.1.sizes}}, but we are out of stock at the "
            "moment.",
        ),
        _LINK,
    )
    colours = (
        say(
            "I don't have the colours of the {product.1.title} here, but a colleague can check. Shall I bring one in?",
            f"{_FOR_SALE}We have the {{product.1.title}} in {{product.1.colours}}.",
            f"{_FOR_SALE}You can get the {{product.1.title}} in {{product.1.colours}}.",
            f"{_SOLD_OUT}The colours of the {{product.1.title}} are {{product.1.colours}}, but we are out of stock at "
            "the moment.",
        ),
        _LINK,
    )
    material = (
        say(
            _UNKNOWN,
            "The material of the {product.1.title} is {product.1.material}.",
            "For the {product.1.title} we use {product.1.material}.",
        ),
    )
    no_opinion = "I can't judge the {product.1.title} myself, and I know of no ratings."
    opinion = (
        say(
            no_opinion,
            f"{no_opinion} Our shop says: {{product.1.detail}}.",
            f"{no_opinion} The material is {{product.1.material}}.",
        ),
    )
    not_reduced = (
        say(
            "No, the {product.1.title} is not on sale at the moment.",
            "No, the {product.1.title} is not on sale at the moment; the price is {product.1.price}.",
        ),
    )
    aspects = (
        ("opinion", OPINION, opinion, OPINION[2:3], 1.0),
        ("price", PRICE, price, ("how much (is|does) it (cost|)?", "(and|) the price?"), 2.5),
        ("sizes", SIZES, sizes, ("which sizes?", "what sizes does it come in?"), 1.5),
        ("colours", COLOURS, colours, ("which colours?", "other colours?"), 1.5),
        ("material", MATERIAL, material, ("what is it made of?", "which material?"), 1.5),
    )
    return [
        Scene(place, DETAIL, detail, ("tell me more", "more details please"), always=always, weight=5.0),
        *(
            Scene(place, asks, answer, follow_ups, {"asks": aspect}, always=always, weight=weight)
            for aspect, asks, answer, follow_ups, weight in aspects
        ),
        Scene(place, ON_SALE, not_reduced, given={"asks": "price", "confirms": "no"}, always=always, weight=0.5),
    ]


def _search_answer(count: int) -> tuple[Slot, ...]:
    """List up to three products, each with its price when it has one."""
    plain = [f"the {{product.{n}.title}}" for n in range(1, count + 1)]
    priced = [f"the {{product.{n}.title}} for {{product.{n}.price}}" for n in range(1, count + 1)]

    def row(items: list[str]) -> str:
        return items[0] if len(items) == 1 else ", ".join(items[:-1]) + f" and {items[-1]}"

    heads = ("I can recommend", "You might like", "I'd suggest", "Have a look at")
    ends = (
        ("(Would you like to know more about it?|Does that fit what you have in mind?|Is that what you had in mind?)",)
        if count == 1
        else ("(Would you like to know more about one of them?|Shall I tell you more about one of them?)",)
    )
    lists = tuple(f"{head} {row(items)}." for items in (plain, priced) for head in (*heads, "Yes, you might like"))
    sale: tuple[str, ...] = ()
    if count == 1:
        sale = (
            "I can recommend the {product.1.title}, now at {product.1.price} instead of {product.1.old_price}.",
            "You can get the {product.1.title} on sale, for {product.1.price} instead of {product.1.old_price}.",
        )
    return say(*lists, *sale), say(*ends)


def _stock_scenes() -> list[Scene]:
    answers = {
        "in stock": (
            say(
                "Yes, we have the {product.1.title} in stock.",
                "Good news: we have the {product.1.title} in stock.",
                "We have the {product.1.title} in stock.",
                "product.1.stock=in stock? Yes, we have the {product.1.title} in stock in {product.1.variant}.",
                "product.1.stock=in stock? Good news: we have the {product.1.title} in stock in {product.1.variant}.",
                "product.1.stock=in stock? We have the {product.1.title} in stock in {product.1.variant}.",
            ),
            _LINK,
        ),
        "low stock": (
            say(
                "Yes, we still have the {product.1.title}, but only a few are left.",
                "Yes, you can still get the {product.1.title}, but there are only a few left.",
                "We still have the {product.1.title} in stock, but only a few are left.",
                "product.1.stock=low stock? Only a few of the {product.1.title} are left in {product.1.variant}.",
                "product.1.stock=low stock? Yes, we have the {product.1.title} in {product.1.variant}, but only a few.",
                "product.1.stock=low stock? Yes, a few of the {product.1.title} are left in {product.1.variant}.",
            ),
            _LINK,
        ),
        "sold out": (
            say(
                "I'm afraid we are out of the {product.1.title} (right now|at the moment).",
                "Unfortunately we don't have the {product.1.title} in stock at the moment.",
                "I'm afraid we don't have the {product.1.title} in {product.1.variant} right now.",
                "Sorry, we are out of the {product.1.title} in {product.1.variant} at the moment.",
            ),
            _SOLD_NEXT,
        ),
    }
    no_variant = "I'm afraid you can't get the {product.1.title} in {product.1.variant}."
    not_made = (
        say(
            no_variant,
            f"{no_variant} You can choose from {{product.1.sizes}}.",
            f"{no_variant} You can choose from {{product.1.colours}}.",
        ),
    )
    counted = {
        "in stock": (
            say(
                "We have the {product.1.title} in stock, but I can't tell you how many.",
                "We have the {product.1.title} in stock; I can't see the exact number here.",
            ),
        ),
        "low stock": (
            say(
                "Only a few of the {product.1.title} are left; I can't see the exact number here.",
                "There are only a few of the {product.1.title} left, but I can't tell you how many.",
            ),
        ),
        "sold out": (
            say(
                "None at the moment: we are out of the {product.1.title}.",
                "There are none left right now: we are out of the {product.1.title}.",
            ),
            _SOLD_NEXT,
        ),
    }
    again = {
        "in stock": (
            say(
                "You don't have to wait: we have the {product.1.title} in stock.",
                "You can get it right now: we have the {product.1.title} in stock.",
            ),
            _LINK,
        ),
        "low stock": (
            say(
                "You don't have to wait: we still have the {product.1.title}, but only a few are left.",
                "You can get it right now: we still have the {product.1.title}, but only a few are left.",
            ),
            _LINK,
        ),
        "sold out": (
            say(
                "I'm afraid we are out of the {product.1.title}, and I don't know when we get more.",
                "New stock of the {product.1.title} should arrive on {product.1.restock}.",
                "We expect more of the {product.1.title} on {product.1.restock}.",
            ),
        ),
    }
    never_made = [
        Scene(
            "availability/found", STOCK_OF_VARIANT, not_made, given={"confirms": "no"},
            never=("product.1.stock", "product.1.restock", other), always=("product.1.title", "product.1.variant"),
            weight=0.5,
        )
        for other in ("product.1.sizes", "product.1.colours")
    ]  # fmt: skip
    return [
        *never_made,
        *(Scene("availability/found", STOCK, answer, _FOLLOW_STOCK, {"product.1.stock": stock},
              () if stock == "sold out" else ("product.1.restock",), ("product.1.title", "product.1.stock"), weight=2.5)
        for stock, answer in answers.items()),
        *(Scene("availability/found", COUNT, answer, COUNT[:1], {"asks": "count", "product.1.stock": stock},
              ("product.1.variant", *(() if stock == "sold out" else ("product.1.restock",))),
              ("product.1.title", "product.1.stock"), weight=0.4)
        for stock, answer in counted.items()),
        *(Scene("availability/found", RESTOCK, answer, RESTOCK[:1], {"asks": "when", "product.1.stock": stock},
              ("product.1.variant", *(() if stock == "sold out" else ("product.1.restock",))),
              ("product.1.title", "product.1.stock"), weight=1.5 if stock == "sold out" else 0.5)
        for stock, answer in again.items()),
    ]  # fmt: skip


def _missing_scenes() -> list[Scene]:
    which = (
        "Which product do you mean?",
        "Which product is it about? The name is enough.",
        "Sure, which product do you mean?",
    )
    vague = ("What kind of product are you looking for?", "Happy to help, what are you looking for?")
    rows = (
        ("product_question/which", WHICH, which, 0.6),
        ("availability/which", WHICH, which, 0.6),
        ("product_search/vague", VAGUE, vague, 0.5),
    )
    given = {"missing": "product"}
    return [
        Scene(situation, asks, (say(*texts),), given=given, always=("missing",), weight=weight)
        for situation, asks, texts, weight in rows
    ]


def _unmatched_scenes() -> list[Scene]:
    product = (
        say(
            "I couldn't find that product in our shop.",
            "I can't find a product like that in our shop, sorry.",
        ),
        say(
            "Could you tell me its exact name?",
            "Please tell me its name as it stands in the shop, or look here: {link.products}",
            "Everything we have is here: {link.products}",
        ),
    )
    search = (
        say(
            "I couldn't find anything that fits, sorry.",
            "I'm afraid we don't have anything like that right now.",
        ),
        say(
            "Would something else do?",
            "Everything we have is here: {link.products}",
            "Perhaps you'll find something here: {link.products}",
        ),
    )
    return [
        Scene("product_question/unmatched", DETAIL + PRICE, product, weight=0.8),
        Scene("availability/unmatched", STOCK, product, weight=0.8),
        Scene("product_search/unmatched", tuple(ask for ask in SEARCH if "{thing}" in ask), search, weight=1.0),
    ]


def _beyond(count: int) -> tuple[str, ...]:
    fields = ("title", "price", "old_price", "link")
    return tuple(f"product.{n}.{field}" for n in range(count + 1, 4) for field in fields)


def scenes() -> list[Scene]:
    """Return every scene of this topic."""
    search = [
        Scene(
            "product_search/found", SEARCH, _search_answer(count),
            never=_beyond(count), always=tuple(f"product.{n}.title" for n in range(1, count + 1)), weight=weight,
        )
        for count, weight in ((1, 1.5), (2, 2.5), (3, 5.0))
    ]  # fmt: skip
    return [
        *_question_scenes(),
        *search,
        *_stock_scenes(),
        *_missing_scenes(),
        *_unmatched_scenes(),
    ]
