"""Words that leave no doubt what a message is about, whichever of two close intents the classifier took it for."""

from __future__ import annotations

import re

_TRACKING = re.compile(
    r"\btracking (?:number|code|link|id|info\w*)\b|\btrack (?:my|the|it|that|this)\b"
    r"|\b(?:on|under) (?:its|it's|the|their) way\b"
    r"|\b(?:has|have|was|were) (?:it|they|my \w+) (?:been )?(?:sent|shipped)\b",
    re.IGNORECASE,
)
_OWN_MISTAKE = re.compile(
    r"\b(?:i|we)(?:'ve| have)? (?:\w+ )?(?:chose|chosen|choose|ordered|order|picked|selected|took|taken|clicked|bought"
    r"|put|entered|typed)\b.{0,30}\bwrong\b|\bmy (?:own )?(?:mistake|fault)\b",
    re.IGNORECASE,
)
_MAIL = re.compile(r"\be-?mails?\b|\bmails?\b|\blink\b|\bcode\b|\bspam\b|\bjunk\b|\binbox\b", re.IGNORECASE)
_IN_STOCK = re.compile(
    r"\b(?:is|are|still|currently|now) .{0,40}\bavailable\b|\bin stock\b|\bsold out\b|\bout of stock\b"
    r"|\bavailability\b",
    re.IGNORECASE,
)
_SHOP_TO_VISIT = re.compile(
    r"\b(?:have|has|is there|are there) (?:a |an |any |some )?(?:\w+ )?"
    r"(?:shops?|stores?|showrooms?|branch(?:es)?|outlets?)\b(?! (?:app|card|credit))"
    r"|\btry (?:\w+ )?on in\b|\bvisit (?:you|your|the) ",
    re.IGNORECASE,
)
_LANGUAGE = re.compile(
    r"\b(?:speak|talk|write|answer|understand|in|sprechen|parlez)\b.{0,12}\b(english|german|deutsch|french|spanish|italian"
    r"|polish|dutch|portuguese|turkish|russian|chinese|arabic)\b",
    re.IGNORECASE,
)
_WHY = re.compile(r"\bwhy\b|\bhow come\b|\bwhat(?:'s| is) (?:the (?:reason|cause|problem)|taking)\b", re.IGNORECASE)
_REFUND = re.compile(r"\bmy refund\b|\b(?:the|a) refund (?:i|we|you)\b", re.IGNORECASE)
_GREETS = re.compile(
    r"\b(?:h[ieaou]+y*a?|hell+o+|hallo|yo|good|morning|evening|afternoon|day|greetings?|there|welcome|anyone|anybody"
    r"|someone|servus|moin|sup|howdy)\b",
    re.IGNORECASE,
)
_SIMILAR = re.compile(
    r"\b(?:similar|alternatives?|(?:something|anything) (?:else|like (?:it|that|this)))\b"
    r"|\bother (?:ones|options|models)\b|\b(?:some|any) others?\W*$",
    re.IGNORECASE,
)
_OTHER_WAY_TO_PAY = re.compile(
    r"\bpay\w*\b.{0,20}\b(?:other|another|different) (?:ways?|means|methods?|cards?)\b|\bpay\w* .{0,15}\bdifferently\b"
    r"|\b(?:other|another|different) (?:ways?|means|methods?) (?:to pay|of pay\w+)\b",
    re.IGNORECASE,
)
_MONEY_BACK = re.compile(
    r"\b(?:when|how (?:long|soon|fast|quick\w*))\b.*\b(?:money|refund\w*|paid back|reimburs\w*)\b", re.IGNORECASE
)
_HELP = re.compile(
    r"\W*(?:(?:hi|hello|hey|hiya|ok|yes|please|sorry|so|there|good (?:morning|evening|afternoon|day))\W+)*"
    r"(?:(?:(?:i|we) )?(?:really )?(?:need|want|would like)|(?:can|could|will) (?:you|u|anyone|someone)|please)?"
    r"\s*(?:(?:some|your|a bit of|just) )?help(?: (?:me|us|out))*(?:\W+(?:please|pls|thanks))*\W*"
    r"|\W*(?:and |so |ok |hi )?(?:what|how) (?:can|could|do) (?:you|u) (?:do|help)(?: (?:me|for|here|with))*\W*",
    re.IGNORECASE,
)
_TEAM_ANSWERS = re.compile(
    r"\b(?:how (?:fast|quick\w*|soon|long)|when)\b.{0,20}\b(?:you|u|team|anyone|someone|somebody|support|they|people)\b"
    r".{0,20}\b(?:answer|repl(?:y|ies)|respond|(?:get|write) back|be (?:there|online|back))\b(?! (?:in|to) stock)"
    r"|\b(?:response|reply|answering) times?\b|\b(?:is|are) (?:anyone|anybody|somebody|someone|the team|people) "
    r"(?:\w+ )?(?:working|online|available)\b",
    re.IGNORECASE,
)
_HOW_IT_IS = re.compile(
    r"\b(?:is|are|does|do|has|have|will|would)(?:n'?t)? (?:it|they|this|that|these|those)\b", re.IGNORECASE
)
_ON_SALE = re.compile(
    r"\b(?:on sale|on offer|on special|reduced|discounted|discount on (?:it|that|this|them|these))\b", re.IGNORECASE
)
_PERSON = re.compile(
    r"\b(?:colleague|person|human|someone|somebody|agent|bring|connect|pass|ask (?:them|one))\b", re.IGNORECASE
)


def asks_after_parcel(text: str) -> bool:
    """Tell whether it is about a parcel on its way, whatever else it names: `the tracking number`."""
    return _TRACKING.search(text) is not None


def owns_mistake(text: str) -> bool:
    """Tell whether the customer chose wrongly: no fault of the shop's."""
    return _OWN_MISTAKE.search(text) is not None


def speaks_of_mail(text: str) -> bool:
    """Tell whether it is about a mail that was to come: `nothing in spam either`."""
    return _MAIL.search(text) is not None


def asks_for_stock(text: str) -> bool:
    """Tell whether it is about being in stock."""
    return _IN_STOCK.search(text) is not None


def asks_for_shop(text: str) -> bool:
    """Tell whether it is about a shop to go to."""
    return _SHOP_TO_VISIT.search(text) is not None


def language_asked_for(text: str) -> str | None:
    """Return the language that is asked for, in lower case: `do you speak German?`."""
    found = _LANGUAGE.search(text)
    return found[1].lower() if found else None


def asks_why(text: str) -> bool:
    """Tell whether it is about a cause."""
    return _WHY.search(text) is not None


def names_refund(text: str) -> bool:
    """Tell whether it is about a refund of one's own."""
    return _REFUND.search(text) is not None


def greets(text: str) -> bool:
    """Tell whether a word of greeting stands in it."""
    return _GREETS.search(text) is not None


def wants_similar(text: str) -> bool:
    """Tell whether it looks for others of the kind that was spoken of."""
    return _SIMILAR.search(text) is not None


def asks_for_other_payment(text: str) -> bool:
    """Tell whether it is about another way to pay."""
    return _OTHER_WAY_TO_PAY.search(text) is not None


def asks_when_money_comes(text: str) -> bool:
    """Tell whether it is about when money comes back."""
    return _MONEY_BACK.search(text) is not None


def asks_for_help(text: str) -> bool:
    """Tell whether it asks for help and says no more: `hi, can you help me?`, `what can you do`."""
    return _HELP.fullmatch(text) is not None


def asks_when_team_answers(text: str) -> bool:
    """Tell whether it is about when people answer: `how fast do you answer`."""
    return _TEAM_ANSWERS.search(text) is not None


def asks_how_it_is(text: str) -> bool:
    """Tell whether it asks of what was shown, by a pronoun, what it is like: `are they waterproof?`."""
    return _HOW_IT_IS.search(text) is not None


def asks_for_sale(text: str) -> bool:
    """Tell whether it asks for a reduced price."""
    return _ON_SALE.search(text) is not None


def mentions_person(text: str) -> bool:
    """Tell whether somebody of the team is named."""
    return _PERSON.search(text) is not None
