"""Scenes on one property of a product, asked for by name or by yes or no, and on two products side by side."""

from __future__ import annotations

from nlp.training.responder.grammar import Scene, maybe, say

# Questions for one thing, by the topic of the sentence that answers them (`worlds.DETAILS`).
ABOUT = {
    "wash": (
        "how (do|should|can) I (wash|clean) (it|the {product.1.title})?",
        "(is|are) the {product.1.title} washable?",
        "can I (wash|put) the {product.1.title} in the washing machine?",
        "(can|do) I wash the {product.1.title} (in the machine|at forty degrees|)?",
    ),
    "rain": (
        "(is|are) the {product.1.title} (waterproof|rainproof)?",
        "does the {product.1.title} keep (rain|water) out?",
        "is (this|the|that) {thing} waterproof?",
        "is it okay in heavy rain?",
    ),
    "parts": (
        "does the {product.1.title} have (pockets|a hood)?",
        "does this {thing} have (pockets|a hood|a zip)?",
        "are there pockets?",
        "has the {product.1.title} got a hood?",
    ),
    "weight": (
        "how heavy is the {product.1.title}?",
        "how much does the {product.1.title} weigh?",
        "what's the weight of the {product.1.title}?",
    ),
    "warm": (
        "(is|are) the {product.1.title} warm (enough for winter|)?",
        "will the {product.1.title} keep me warm?",
        "is (this|the|that) {thing} warm?",
        "how warm is the {product.1.title}?",
    ),
}
MADE_OF = (
    "is the {product.1.title} (made of |){product.1.material}?",
    "is (it|this {thing}) (made of |){product.1.material}?",
)
COMPARE = (
    "what's the difference between the {product.1.title} and the {product.2.title}?",
    "(compare|difference) {product.1.title} (and|vs) {product.2.title}",
    "{product.1.title} or {product.2.title}?",
    "how do they differ?",
)
CHEAPER = (
    "which (one|) is cheaper, the {product.1.title} or the {product.2.title}?",
    "which of the two costs less?",
    "is the {product.1.title} cheaper than the {product.2.title}?",
)
BETTER = (
    "which (one|) is (warmer|better for winter), the {product.1.title} or the {product.2.title}?",
    "is the {product.1.title} warmer than the {product.2.title}?",
    "which of (the two|them) (is|keeps you) warmer?",
)
BETTER_UNKNOWN = (
    "which (one|) is (lighter|better for rain|more comfortable), the {product.1.title} or the {product.2.title}?",
    "is the {product.1.title} (lighter|more comfortable) than the {product.2.title}?",
    "which of (the two|them) is (lighter|more comfortable|better for rain)?",
)
_PLACE = "product_question/found"
_NEXT = {
    "wash": ("and how do I wash it?",),
    "rain": ("is it waterproof?",),
    "parts": ("does it have pockets?",),
    "weight": ("how heavy is it?",),
    "warm": ("is it warm?",),
}
_YES_OR_NO = ("rain", "parts")  # topics whose questions are all answered by yes or no
_NOT_ASKED = (
    "product.1.price", "product.1.link", "product.1.variant", "product.1.sizes", "product.1.colours",
    "product.1.material", "product.1.stock",
)  # fmt: skip


def _one_thing() -> list[Scene]:
    not_told = "I don't have that detail on the {product.1.title} here, but a colleague can help. Shall I bring one in?"
    told = (say(not_told, "{product.1.detail}."),)
    yes = (say("Yes. {product.1.detail}.", "Yes, our shop lists the {product.1.title} as {product.1.variant}."),)
    made = (
        say(
            "Yes. The material of the {product.1.title} is {product.1.material}.",
            "Yes, for the {product.1.title} we use {product.1.material}.",
        ),
    )
    known, title = ("product.1.title", "product.1.detail"), ("product.1.title",)
    unknown = (*_NOT_ASKED, "product.1.detail")
    scenes = []
    for topic, asks in ABOUT.items():
        if topic not in _YES_OR_NO:
            scenes.append(Scene(_PLACE, asks, told, _NEXT[topic], {}, _NOT_ASKED, known, weight=0.5, detail=topic))
        scenes.append(Scene(_PLACE, asks, told, _NEXT[topic], {}, unknown, title, weight=0.4, detail=topic))
        if topic in _YES_OR_NO:
            given = {"confirms": "yes"}
            scenes.append(Scene(_PLACE, asks, yes, _NEXT[topic], given, _NOT_ASKED, known, weight=0.5, detail=topic))
    given = {"asks": "material", "confirms": "yes"}
    material = ("product.1.title", "product.1.material")
    scenes.append(Scene(_PLACE, MADE_OF, made, MADE_OF[1:], given, always=material, weight=0.7))
    return scenes


def _compared() -> list[Scene]:
    place = "product_question/compared"
    prices = "You can get the {product.1.title} for {product.1.price} and the {product.2.title} for {product.2.price}."
    materials = (
        "For the {product.1.title} we use {product.1.material}; the material of the {product.2.title} is "
        "{product.2.material}."
    )
    titles = ("product.1.title", "product.2.title")
    unknown = "I can't compare them on that myself, but a colleague can. Shall I bring one in?"
    both = (
        "Our shop says of the {product.1.title}: {product.1.detail}. And of the {product.2.title}: {product.2.detail}."
    )
    general = (say(unknown, prices, f"{prices} {both}"), maybe(materials))
    cheaper = (
        say(
            unknown,
            "You pay less for the {product.1.title}: {product.1.price} instead of {product.2.price} for the "
            "{product.2.title}.",
            "You save with the {product.1.title}: {product.1.price} instead of {product.2.price} for the "
            "{product.2.title}.",
        ),
    )
    by_property = (
        say(
            unknown,
            f"I can't judge that myself. {both}",
            "Our shop says of the {product.1.title}: {product.1.detail}. I don't have that for the {product.2.title}, "
            "but a colleague can tell you. Shall I bring one in?",
        ),
    )
    rows = ((None, COMPARE, general), ("price", CHEAPER, cheaper), ("material", COMPARE, (say(unknown, materials),)),
            ("property", BETTER, by_property), ("property", BETTER_UNKNOWN, by_property))  # fmt: skip
    return [
        Scene(place, asks, answer, ("and which one is better?",), {"asks": aspect} if aspect else {}, always=titles,
              never=() if asks is not BETTER_UNKNOWN else ("product.1.detail", "product.2.detail"), weight=0.8,
              detail="warm" if asks is BETTER else None)
        for aspect, asks, answer in rows
    ]  # fmt: skip


def scenes() -> list[Scene]:
    """Return every scene of this topic."""
    return [*_one_thing(), *_compared()]
