"""Scenes that lead to a person: complaints, the wish for a human, contact details, and not having understood."""

from __future__ import annotations

from nlp.situations import INTENTS
from nlp.training.responder import account, changes, payment, returns
from nlp.training.responder.grammar import Scene, maybe, say

HUMAN = (
    "(can|could) I (talk|speak|chat) (to|with) (a human|a person|someone|an agent|a real person|your manager)?",
    "I (want|need|would like) to (talk|speak) (to|with) (a human|a person|someone|an agent|customer service|support)",
    "(human|agent|real person|operator|representative|support agent) (please|)",
    "(connect|transfer|put) me (to|with|through to) (a human|an agent|a person|someone who can help)",
    "I don't want to talk to a (bot|machine|robot)",
    "(are you|is this) a (bot|robot)? I want a human",
    "is there (a person|someone|anyone real) I can (talk|speak) to?",
    "get me (a manager|your boss|a human)",
    "let me speak to (somebody|an employee|a supervisor)",
    "you don't understand me, give me a human",
    "live (chat|agent|person)",
    "customer service please",
)
COMPLAINT = (
    "(I want|I'd like|I need) to (make|file) a complaint",
    "your (service|shop|delivery|support) is (terrible|awful|the worst|a joke|horrible)",
    "I'm (very|really|so) (unhappy|dissatisfied|disappointed|angry) with (your service|my order|your shop|this)",
    "(this|it) is (unacceptable|a disgrace|a scandal|ridiculous)",
    "I will never (buy|order) (here|from you) again",
    "(nobody|no one) (answers|replies to|reads) my (emails|messages|calls)",
    "how do I (complain|file a complaint|make a complaint)?",
    "I've been (waiting|writing) for weeks and nobody cares",
    "(complaint|I have a complaint)",
    "the quality is (really bad|awful|a joke)",
    "your courier was (rude|very unfriendly)",
    "I feel (cheated|ignored|ripped off)",
    "I'm going to leave a bad review",
)
REACH = (
    "how (can|do) I (contact|reach) (you|customer service)?",
    "(contact|contact details|contact info|contact us)",
    "how do I get in touch (with you|)?",
    "(who|how) do I contact (about this|for help)?",
    "(customer service|support) contact",
    "what's the best way to reach you?",
    "where can I reach you?",
)
PHONE = (
    "(what's|what is) your (phone number|number)?",
    "(phone|telephone) number (please|)",
    "(can|could) I call you?",
    "is there a number I can call?",
    "do you have a (phone number|hotline)?",
)
EMAIL = (
    "(what's|what is) your (email|e-mail address|email address)?",
    "(email|e-mail) address (please|)",
    "(who|where) can I email (you|)?",
    "can I write you an email?",
)
HOURS = (
    "when are you open?",
    "what are your (opening|business|office) hours?",
    "(opening|business) hours (please|)",
    "are you open (on sunday|today|tomorrow|now|on weekends)?",
    "until when (can I call|are you open)?",
)
ADDRESS = (
    "where are you (located|based)?",
    "what's your (address|street address|postal address)?",
    "where is your (shop|store|office)?",
)
UNCLEAR = (
    "it", "that thing", "the thing I said", "hmm", "ok", "yes", "no", "maybe", "you know", "and?", "what?", "huh", "?",
    "it's about the thing from last time", "can you do it?", "is it possible?", "the same", "not that", "the other",
    "so what now", "please do it", "it doesn't work", "there's a problem", "I have an issue", "problem", "question",
    "about my thing", "blue", "two", "tomorrow", "for my mum", "wrong", "I don't get it", "asdfgh",
    "that's not what I asked",
)  # fmt: skip

# What a person has to do or to look into.
_FOR_A_PERSON = (
    changes.CHANGE + changes.ADDRESS + returns.REQUEST + returns.DAMAGED + payment.PROBLEM + payment.CHARGED
    + account.SIGNUP + account.DELETE
)  # fmt: skip
# What shops rarely state, and who is asked for it.
BEYOND = (
    "(can|could) I pick up my order (in|at) (your|the) (store|shop)?",
    "do you (offer|do|have) (gift wrapping|engraving|personalisation|wholesale prices|click and collect)?",
    "do you have a (student|senior|military|birthday) discount?",
    "is your packaging (plastic free|recyclable|sustainable)?",
    "do you deliver (on saturdays|on weekends|to a po box|in the evening)?",
    "(do|will) I have to pay (customs|import duties|taxes)?",
    "can I combine (two|discount) codes?",
    "do you have a loyalty programme?",
    "do you price match?",
    "can somebody else (sign for|collect) my parcel?",
    "when is the next sale?",
    "do you do black friday?",
    "can I pay in instalments?",
)
UNPROVEN = (
    "I don't have (the number|it|an order number|that)",
    "I (lost|deleted|can't find) the (email|confirmation|number)",
    "no idea what (the|my) (number|e-mail address) (is|was)",
    "I don't know (which|what) (address|e-mail) I used",
    "I never got an order number",
)
OTHER_LANGUAGE = (
    "do you (speak|write|understand) (German|French|Spanish|Italian|Polish|Dutch)?",
    "(can|could) we (talk|write) in (German|French|Spanish|Italian)?",
    "(is there|do you have) (anyone|somebody) who speaks (German|French|Spanish|Turkish)?",
)
HELP = (
    "help (please|)",
    "(hi|hello), (I need|can you) help",
    "I need (some|your|) help",
    "(can|could) you help me?",
    "what can you do?",
    "how can you help me?",
)
_OF_ORDERS = ("order_status", "order_cancel", "order_change", "address_change", "refund_status", "refund_request")
_MAY_BE_UNKNOWN = (
    "delivery_options", "discount", "payment_methods", "product_question", "order_place", "refund_policy", "warranty",
    "cancellation_fee", "newsletter", "review", "order_status",
)  # fmt: skip
_WAIT = (
    say(
        "Your message is in the queue, and a colleague will reply here.",
        "handoff.state=available? Someone from the team will be with you (shortly|soon).",
        "handoff.state=available? Someone will be with you here in {handoff.wait}.",
        "handoff.state=available? It usually takes {handoff.wait}.",
        "handoff.state=closed? The team is offline right now and will reply here as soon as it is back.",
        "handoff.state=closed? The team is offline right now and will reply here. Our hours are {shop.hours}.",
        "handoff.state=closed? The team is available {shop.hours}, and you'll get a reply here.",
    ),
)
_HANDING = say(
    "(Of course|Sure), I'm connecting you with a colleague.",
    "(Of course|Sure), I'll hand you over to a colleague.",
    "(Sure|No problem), a colleague will take over from here.",
)
_YES = (
    "yes", "yes please", "(ok|sure|yeah|yep), (do that|please|that would be great)", "please", "that would be nice",
    "yes, bring in a colleague", "ok get someone",
)  # fmt: skip


def _contact_scenes() -> list[Scene]:
    place = "contact_info/general"
    fallback = "You can reach us right here in the chat."
    every = (
        say(
            fallback,
            "You can write to us at {shop.email}.",
            "You can call us on {shop.phone}.",
            "shop.email=absent? You can write to us here: {link.contact}",
            "shop.email=absent? You can call us on {shop.phone} or write to us here: {link.contact}",
            "You can call us on {shop.phone} or write to {shop.email}.",
            "Our phone number is {shop.phone}, and our e-mail address is {shop.email}.",
        ),
        maybe("We're available {shop.hours}.", "Our hours are {shop.hours}."),
    )
    phone = (
        say(
            "I don't have a phone number for you, but you can reach us right here in the chat.",
            "shop.phone=absent? We don't have a phone line that I know of, but you can write to {shop.email}.",
            "Our phone number is {shop.phone}.",
            "You can call us on {shop.phone}.",
            "Our phone number is {shop.phone}, and we're available {shop.hours}.",
            "You can call us on {shop.phone}; our hours are {shop.hours}.",
        ),
    )
    email = (
        say(
            "I don't have an e-mail address for you, but you can write to us right here in the chat.",
            "You can write to us at {shop.email}.",
            "Our e-mail address is {shop.email}.",
        ),
    )
    hours = (
        say(
            "I don't have our hours here, but you can always write to us in this chat.",
            "We're available {shop.hours}.",
            "Our hours are {shop.hours}.",
        ),
    )
    address = (
        say(
            "I don't have our address here, but you can reach us in this chat.",
            "Our address is {shop.address}.",
            "You'll find us at {shop.address}.",
        ),
    )
    return [
        Scene(place, REACH, every, ("and how can I reach you?",), weight=1.5),
        Scene(place, PHONE, phone, ("and your number?", "can I call?"), {"asks": "phone"}, weight=1.3),
        Scene(place, EMAIL, email, ("and your email?",), {"asks": "email"}, weight=1.0),
        Scene(place, HOURS, hours, ("and when are you open?",), {"asks": "hours"}, weight=1.3),
        Scene(place, ADDRESS, address, ("and where are you?",), {"asks": "address"}, weight=1.0),
    ]


def scenes() -> list[Scene]:
    """Return every scene of this topic."""
    complaint = (
        say(
            "I'm sorry we let you down.",
            "I'm sorry about this experience.",
            "I'm sorry, that's not the service you should get.",
        ),
        say(
            "I'm passing this to a colleague who will look into it.",
            "A colleague will look into it personally.",
            "I'm bringing in a colleague who can help.",
        ),
        *_WAIT,
    )
    complaint_offer = (
        say("I'm sorry about this experience.", "I'm sorry we let you down.", "I'm sorry to hear that."),
        say("Shall I bring in a colleague who can look into it?", "Would you like a colleague to take care of it?"),
    )
    offer = (
        say(
            "I'm not sure I got that right. I can help with orders, delivery, returns and our products.",
            "Sorry, I can't quite follow. I can help with orders, delivery, returns and our products.",
        ),
        say(
            "handoff.state=closed? The team is available {shop.hours}. Shall I pass this on to a colleague?",
            "Would you like to talk to a colleague?",
            "Shall I bring in a colleague?",
            "Shall I hand you over to a colleague?",
        ),
    )
    unknown = (
        say(
            "I don't have that information here, but a colleague can tell you.",
            "I can't find anything on that here, but a colleague can tell you.",
        ),
        say("Shall I bring one in?", "Would you like me to bring one in?"),
    )
    unproven = (
        say(
            "Without the order number and the e-mail address I can't look into an order, but a colleague can help.",
            "I can only look into an order by its number and the e-mail address, but a colleague can help.",
        ),
        unknown[1],
    )
    language = (
        say("I write English here, but a colleague can help with other languages."),
        unknown[1],
    )
    clarify = (
        say(
            "I'm not sure I understood you.",
            "Sorry, I didn't quite get that.",
            "I want to get this right.",
        ),
        say(
            "Is it about an order, a return or a product?",
            "Could you tell me a bit more about what you need?",
            "Could you say in a few words what it is about?",
        ),
    )
    helping = (
        say(
            "Of course, I can help with orders, delivery, returns and our products.",
            "Sure, I can help with orders, delivery, returns and our products.",
            "I'm the assistant of {shop.name}, and I can help with orders, delivery, returns and our products.",
        ),
        say("What is it about?", "What do you need?", "What can I do for you?"),
    )
    handing = (
        say(
            "I'm passing this to a colleague who can help you.",
            "I'll hand this over to a colleague.",
            "A colleague will take care of this.",
        ),
        *_WAIT,
    )
    intents = tuple(intent for intent in INTENTS if intent not in ("greeting", "goodbye", "thanks"))
    return [
        Scene("contact_human/handoff", HUMAN, (_HANDING, *_WAIT), ("a human please", *_YES), weight=5.0),
        Scene("complaint/handoff", COMPLAINT, complaint, ("this is not good enough",), apology="", weight=3.0),
        Scene("complaint/offer", COMPLAINT, complaint_offer, apology="", weight=1.5),
        Scene("any/handoff", _FOR_A_PERSON, handing, _YES, intents=intents, weight=2.0),
        Scene(
            "any/offer",
            UNCLEAR,
            offer,
            UNCLEAR,
            intents=(*intents, *("out_of_scope",) * 15),
            weight=2.0,
        ),
        Scene("any/unknown", BEYOND, unknown, intents=_MAY_BE_UNKNOWN, weight=2.0),
        Scene("any/language", OTHER_LANGUAGE, language, intents=("out_of_scope",), weight=0.3),
        Scene("any/unproven", UNPROVEN, unproven, UNPROVEN, intents=_OF_ORDERS, weight=0.5),
        Scene(
            "any/clarify",
            UNCLEAR,
            clarify,
            intents=(*intents, *("out_of_scope",) * 15),
            weight=3.0,
        ),
        Scene("any/help", HELP, helping, HELP[:1], intents=("out_of_scope",), apology="", has_cheer=False, weight=0.5),
        *_contact_scenes(),
    ]
