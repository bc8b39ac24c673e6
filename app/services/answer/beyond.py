"""Questions that a shop's general facts never answer: an article does, or nobody but a person."""

from __future__ import annotations

import re

_BEYOND = {
    "delivery_options": re.compile(
        r"\bpick(?:ed|ing)?[ -]?(?:it |them |my \w+ |the \w+ )?up\b|\bcollect(?:ing|ion)?\b|click (?:and|&) collect"
        r"|lockers?\b|parcel (?:shop|point)|packing station|packstation|p\.?o\.? box|packag(?:ing|ed)\b|plastic"
        r"|\b(?:satur|sun)days?\b|weekends?\b|evenings?\b|\bsign(?:ed|ature)?\b|insur\w+|customs|\bdut(?:y|ies)\b"
        r"|\btax(?:es)?\b|neighbou?rs?\b|safe place|gift.?wrap\w*|climate|carbon|eco.?friendly|time slots?|upstairs"
        r"|at home\b|drones?\b",
        re.IGNORECASE,
    ),
    "payment_methods": re.compile(
        r"gift.?cards?|vouchers?|inst?al+ments?|monthly|pay later|buy now|in part|deposits?\b"
        r"|when .{0,20}(?:charged?|debited)|\bcurrenc(?:y|ies)\b|\bsafe\b|\bsecure\b|on delivery|on account"
        r"|when .{0,20}(?:taken|deducted|withdrawn)",
        re.IGNORECASE,
    ),
    "warranty": re.compile(r"\brepair\w*|\bfix(?:ed|ing)?\b|\bmend\w*|spare parts?|\bextend\w*", re.IGNORECASE),
    "discount": re.compile(
        r"gift.?(?:cards?|vouchers?)|vouchers? for|loyalty|points\b|price.?match\w*|bulk|wholesale", re.IGNORECASE
    ),
    "refund_policy": re.compile(
        r"\b(?:sale|reduced|discounted|opened|worn|used|washed|damaged) (?:items?|things?|products?|clothes|goods)\b"
        r"|underwear|swimwear|hygiene|gift.?cards?|without (?:the |a |its )?(?:receipt|label|tags?|box|packaging)"
        r"|(?:in|at|to) (?:your|the|a) (?:store|shop)\b",
        re.IGNORECASE,
    ),
}
_BEYOND["return_or_exchange"] = _BEYOND["refund_policy"]
_SERVICE = re.compile(
    r"gift.?wrap\w*|wrap (?:it|them|this) (?:up )?as|personali[sz]\w+|engrav\w+|embroider\w*|monogram\w*|custom.?made"
    r"|wholesale|resell\w*|bulk orders?|loyalty|reward points|\bjobs?\b|vacanc\w+|\bhiring\b|internship|sponsor\w*"
    r"|influencer|affiliate|franchise|donat\w+|sustainab\w+|eco.?friendly|fair.?trade|animal.?test\w*|rent(?:al|ing)?\b"
    r"|second.?hand|trade.?in|\bsamples?\b|catalogue|\bapp\b",
    re.IGNORECASE,
)


def asks_beyond(text: str, intent: str) -> bool:
    """Tell whether a question of this intent is about something that the general facts of the intent never hold."""
    beyond = _BEYOND.get(intent)
    return beyond is not None and beyond.search(text) is not None


def asks_for_service(text: str) -> bool:
    """Tell whether it is about a service or a matter of the shop as a whole, which belongs to no intent."""
    return _SERVICE.search(text) is not None
