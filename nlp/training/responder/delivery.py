"""Scenes on delivery before an order is placed, and on how to order."""

from __future__ import annotations

from nlp.training.responder.grammar import Scene, also, maybe, say

GENERAL = (
    "(what|which) (delivery|shipping) (options|methods) do you (have|offer)?",
    "(delivery|shipping) (options|methods|info|information|?)",
    "how do you (ship|deliver|send) (orders|things|your stuff|)?",
    "tell me about (your |)(delivery|shipping)",
    "how does (delivery|shipping) work?",
    "how can I get my order delivered?",
    "what are your shipping (terms|conditions)?",
)
COST = (
    "how much (is|does) (shipping|delivery|the shipping) (cost|)?",
    "(what are|what's) (the|your) (shipping|delivery) (costs|cost|fee|fees|charges)?",
    "(shipping|delivery) (cost|costs|fee|price)",
    "do I (have to|) pay for (shipping|delivery)?",
    "what do you charge for delivery?",
)
TIME = (
    "how long does (shipping|delivery|the delivery) (normally|usually|) take?",
    "how (fast|quickly) do you (ship|deliver)?",
    "(shipping|delivery) time",
    "if I order (today|now|this evening), when (will it arrive|do I get it)?",
    "how many days for (delivery|shipping)?",
    "when would I get it if I ordered now?",
    "how long until (a new order|a {thing}) (arrives|would be here)?",
)
EXPRESS = (
    "(do you have|is there|do you offer) (express|fast|faster) (shipping|delivery)?",
    "express (shipping|delivery) (cost|price|?|)",
    "I need it (fast|quickly|urgently), (is there|do you have) express?",
    "can I pay (more|extra) (to get it faster|for faster delivery)?",
    "how much is express?",
)
FREE = (
    "(do you have|do you offer) free (shipping|delivery)?",
    "is (shipping|delivery) free?",
    "(from|at) (what|which) (amount|order value) is (shipping|delivery) free?",
    "when is (shipping|delivery) free?",
    "how much do I have to spend for free (shipping|delivery)?",
)
SOON = (
    "I need it by tomorrow, is (that possible|there express)?",
    "can (you deliver|I get it) by (tomorrow|the weekend|friday)?",
    "will it be here tomorrow if I order now?",
    "I need it by (tomorrow|saturday|the weekend)",
)
NEXT_DAY = (
    "(do you have|is there|do you offer) (next day|overnight) (shipping|delivery)?",
    "next day (shipping|delivery)",
    "is next day delivery possible?",
)
COUNTRIES = (
    "(which|what) countries do you (ship|deliver) to?",
    "(international|worldwide) (shipping|delivery)?",
    "where do you (ship|deliver) to?",
    "to (which|what) countries can you send (it|a {thing})?",
)
TO_PLACE = (
    "do you (ship|deliver) to {place}?",
    "can you send (it|a {thing}) to {place}?",
    "is shipping to {place} possible?",
    "I live in {place}, can I order?",
)
CUTOFF = (
    "(until|by) (when|what time) do I have to order (for it to ship today|today|)?",
    "what's the (cut-off|cutoff|latest) time for (shipping today|today's shipping)?",
    "if I order today, (will it ship|do you ship) today?",
    "do you ship the same day?",
)
PLACE = (
    "how (do|can) I (order|buy|place an order|purchase) (something|a {thing}|here|this|)?",
    "I (want|would like) to (order|buy|purchase) (a {thing}|something|this)",
    "how does ordering work?",
    "(place|make) an order",
    "(can|could) you (help me|) (order|place an order|buy) (this|a {thing}|something) ?",
    "how do I (check out|pay for my basket|finish my order)?",
    "can I order (here in the chat|with you)?",
    "I'd like to buy the {product.1.title}",
    "what do I have to do to order?",
    "how to buy",
    "I'll take it, how do I order?",
)
BY_PHONE = (
    "(can|could) I order (by|over the) phone?",
    "do you take (phone orders|orders by phone)?",
    "can I call you to order?",
)

_STANDARD = (
    "delivery.standard=free? Standard delivery is free.",
    "delivery.standard=free? Standard delivery is free and takes {delivery.standard_time}.",
    "Standard delivery takes {delivery.standard_time}.",
    "delivery.standard=paid? Standard delivery costs {delivery.standard_cost}.",
    "delivery.standard=paid? Standard delivery takes {delivery.standard_time} and costs {delivery.standard_cost}.",
)
_EXPRESS = (
    "Express delivery takes {delivery.express_time}.",
    "Express delivery costs {delivery.express_cost}.",
    "Express takes {delivery.express_time} and costs {delivery.express_cost}.",
    "With express it takes {delivery.express_time}, for {delivery.express_cost}.",
)
_FREE = maybe(
    "delivery.standard=paid? From {delivery.free_from} it is free.",
    "delivery.standard=paid? Orders from {delivery.free_from} ship free.",
    "delivery.standard=paid? It is free for orders from {delivery.free_from}.",
)
_IN_DAYS = (
    "Express costs {delivery.express_cost}, but I don't know how long it takes.",
    "Standard delivery takes {delivery.standard_time}.",
    "Express takes {delivery.express_time}.",
    "Express takes {delivery.express_time}, standard delivery {delivery.standard_time}.",
    "Express takes {delivery.express_time} and costs {delivery.express_cost}.",
    "Express takes {delivery.express_time} and costs {delivery.express_cost}; standard delivery takes "
    "{delivery.standard_time}.",
)
_UNKNOWN = "I don't have the delivery details here, but a colleague can tell you. Shall I bring one in?"


def scenes() -> list[Scene]:
    """Return every scene of this topic."""
    place = "delivery_options/general"
    express_alone = tuple(f"{one} I don't have the details of standard delivery here." for one in _EXPRESS)
    general = (say(_UNKNOWN, *express_alone, *_STANDARD), _FREE, maybe(*_EXPRESS))
    cost = (
        say(
            "I don't know what delivery costs, but a colleague can tell you. Shall I bring one in?",
            "Express costs {delivery.express_cost}. I don't know what standard delivery costs, but a colleague can "
            "tell you. Shall I bring one in?",
            "delivery.standard=free? Standard delivery is free.",
            "delivery.standard=free? You pay nothing for standard delivery.",
            "delivery.standard=paid? Standard delivery costs {delivery.standard_cost}.",
            "delivery.standard=paid? Standard delivery is {delivery.standard_cost}, and it is free from "
            "{delivery.free_from}.",
            "delivery.standard=paid? Standard delivery costs {delivery.standard_cost}. From {delivery.free_from} it is "
            "free.",
        ),
        also(
            "Express costs {delivery.express_cost}.",
            "Express delivery costs {delivery.express_cost}.",
        ),
    )
    free = (
        say(
            "I can't see here whether or from what amount delivery is free, but a colleague can tell you. "
            "Shall I bring one in?",
            "delivery.standard=paid? Standard delivery costs {delivery.standard_cost}. I can't see here from what "
            "amount it is free, but a colleague can tell you. Shall I bring one in?",
            "delivery.standard=free? Standard delivery is free.",
            "delivery.standard=free? Standard delivery is always free.",
            "delivery.standard=paid? Standard delivery is free for orders from {delivery.free_from}.",
            "delivery.standard=paid? From {delivery.free_from} standard delivery is free; below that it costs "
            "{delivery.standard_cost}.",
            "delivery.standard=paid? Standard delivery is free for orders from {delivery.free_from}; below that it "
            "costs {delivery.standard_cost}.",
        ),
    )
    soon = {
        "yes": say(
            "Yes, express delivery takes {delivery.express_time}.",
            "That's possible: express delivery takes {delivery.express_time}.",
            "Yes, express delivery takes {delivery.express_time} and costs {delivery.express_cost}.",
            "That's possible: express delivery takes {delivery.express_time} and costs {delivery.express_cost}.",
        ),
        "no": say(*(f"I'm afraid it takes longer than that. {one}" for one in _IN_DAYS)),
        None: say(
            "I can't promise that, because I don't have the delivery times here, but a colleague can tell you. Shall I "
            "bring one in?",
            *(f"I can't promise that it is there by then. {one}" for one in _IN_DAYS),
        ),
    }
    not_faster = say(
        "Express takes {delivery.express_time}, standard delivery {delivery.standard_time}.",
        "Express takes {delivery.express_time} and costs {delivery.express_cost}; standard delivery takes "
        "{delivery.standard_time}.",
    )
    time = (
        say(
            "I don't know how long delivery takes, but a colleague can tell you. Shall I bring one in?",
            "With express it takes {delivery.express_time}. I don't know how long standard delivery takes, but a "
            "colleague can tell you. Shall I bring one in?",
            "Standard delivery takes {delivery.standard_time}.",
            "It usually takes {delivery.standard_time}.",
        ),
        maybe("With express it takes {delivery.express_time}.", "Express takes {delivery.express_time}."),
    )
    express = (
        say(
            "I can't see an express option here, but a colleague can tell you more. Shall I bring one in?",
            "Yes, we offer express delivery. It takes {delivery.express_time}.",
            "Yes, we offer express delivery for {delivery.express_cost}. I don't know how long it takes, but a "
            "colleague can tell you. Shall I bring one in?",
            "Yes, express delivery takes {delivery.express_time} and costs {delivery.express_cost}.",
            "Yes! Express takes {delivery.express_time} and costs {delivery.express_cost}.",
            "We do offer express delivery. It takes {delivery.express_time}.",
            "We do offer express delivery for {delivery.express_cost}. I don't know how long it takes, but a "
            "colleague can tell you. Shall I bring one in?",
            "Express takes {delivery.express_time} and costs {delivery.express_cost}.",
        ),
    )
    countries = (
        say(
            "I can't see here which countries we deliver to, but a colleague can tell you. Shall I bring one in?",
            "We deliver to {delivery.countries}.",
            "We ship to {delivery.countries}.",
            "Our delivery area is {delivery.countries}.",
        ),
    )
    reached = {
        "yes": say(
            "Yes, we deliver to {delivery.countries}.",
            "Yes, we ship to {delivery.countries}.",
            "We do deliver there: our countries are {delivery.countries}.",
        ),
        "no": say(
            "I'm afraid we don't deliver there. We ship to {delivery.countries}.",
            "I'm afraid we don't ship there, only to {delivery.countries}.",
        ),
    }
    cutoff = (
        say(
            "I don't know what the cut-off time is, but a colleague can tell you. Shall I bring one in?",
            "Orders placed by {delivery.cutoff} ship the same day.",
            "If you order by {delivery.cutoff}, it ships the same day.",
        ),
    )
    order = (
        say(
            "You can order in our shop: put what you like into the basket and go to the checkout.",
            "In our shop, put what you like into the basket and follow the checkout.",
            "You order in our shop: add what you like to the basket and follow the checkout.",
        ),
        maybe("You can pay with {payment.methods}.", "We accept {payment.methods}."),
        maybe("All our products are here: {link.products}", "Have a look around here: {link.products}"),
    )
    in_shop = "In the shop, put what you like into the basket and go to the checkout."
    by_phone = (
        say(
            f"I don't know whether we take orders by phone. {in_shop}",
            f"I don't know whether we take orders by phone; our number is {{shop.phone}}. {in_shop}",
        ),
        order[2],
    )
    return [
        Scene(place, GENERAL, general, ("and delivery?", "what about shipping?", "how do you ship?"), weight=5.0),
        Scene(place, COST, cost, ("how much is that?", "(and|) what does it cost?"),
              {"asks": "cost"}, weight=5.0),
        Scene(place, TIME, time, ("(and|) how long does it take?", "how long?", "when would it be here?"),
              {"asks": "time"}, weight=4.0),
        Scene(place, EXPRESS, express, ("is there something faster?", "and express?"), {"asks": "express"},
              weight=3.0),
        Scene(place, EXPRESS, (not_faster,), ("and express?",), {"asks": "express", "confirms": "no"},
              always=("delivery.standard_time", "delivery.express_time"), weight=0.2),
        Scene(place, FREE, free, ("is it free?", "and from what amount is it free?"), {"asks": "free"}, weight=2.0),
        *(
            Scene(place, asks, (soon[word],), ("and by tomorrow?",),
                  {"asks": "soon"} | ({"confirms": word} if word is not None else {}),
                  always=("delivery.express_time",) if word is not None else (), weight=0.7)
            for word, asks in (("yes", NEXT_DAY), ("no", NEXT_DAY), ("no", SOON[:1]), (None, SOON))
        ),
        Scene(place, COUNTRIES, countries, ("and where do you deliver to?",), {"asks": "countries"}, weight=2.0),
        Scene(place, TO_PLACE, countries, ("also to {place}?", "and to {place}?"), {"asks": "countries"},
              ("delivery.countries",), weight=0.6),
        *(
            Scene(place, TO_PLACE, (answer,), ("also to {place}?", "and to {place}?"),
                  {"asks": "countries", "confirms": word}, always=("delivery.countries",), weight=0.8,
                  reached=word == "yes")
            for word, answer in reached.items()
        ),
        Scene(place, CUTOFF, cutoff, ("does it ship today?", "until what time?"), {"asks": "cutoff"}, weight=2.0),
        Scene("order_place/general", PLACE, order, ("ok, how do I order it?", "how do I buy it?"),
              never=("shop.phone",), weight=3.0),
        Scene("order_place/general", BY_PHONE, by_phone, BY_PHONE[:1], {"asks": "phone"}, weight=0.5),
    ]  # fmt: skip
