"""Which language a message is in: by its script, and by the small words that every sentence needs.

Short messages, names and numbers have no language here: None means that English is as good a guess as any.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Function words that are frequent in one language and rare in the others of the table.
_WORDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        language: frozenset(words.split())
        for language, words in {
            "en": "a an as so but no i'm i'd it's don't just about out or if am the is are"
            " was my your where when what how do does did can could i you it and of to for with not have"
            " has this that please thanks want need order would will be me we on at from get any there which who why",
            "de": "der die das und ist nicht ich sie mein meine meiner wo wann wie bitte habe hat kann können für mit"
            " auf eine einen ein bestellung wurde noch ihr ihre von zu dem den sind es möchte lieferung danke warum ja",
            "fr": "le la les et est pas je vous mon ma mes où quand comment bonjour merci ai avez peux pouvez pour avec"
            " une un commande votre vos du des qui que ce cette s'il plaît livraison voudrais suis sont pourquoi à",
            "es": "el la los las y es no mi mis dónde donde cuándo cuando cómo como hola gracias por para con una un"
            " pedido está su sus del que qué quiero puedo tengo favor envío necesito hay esta llegado llega ya cuánto"
            " a hacen hacéis tienen envíos",
            "it": "il lo la gli e è non mio mia dove quando come ciao grazie per con una un ordine sono che del della"
            " vorrei posso ho avete mi può spedizione perché buongiorno questo arriva il mio",
            "pt": "o a os as e é não meu minha onde quando como olá obrigado obrigada por para com uma um pedido está"
            " seu sua que quero posso tenho favor entrega preciso você encomenda chegou",
            "nl": "de het een en is niet mijn waar wanneer hoe hallo bedankt voor met van ik jullie kan heb heeft"
            " bestelling wordt graag alstublieft dat wat zijn nog mij wil levering pakket waarom",
            "pl": "gdzie jest moje moja mój kiedy jak dzień dobry dziękuję nie czy się na do z i w zamówienie proszę"
            " chcę mogę mam paczka przesyłka dlaczego",
            "sv": "var är min mitt när hur hej tack för med och inte jag ni kan har beställning en ett det på av vill",
            "tr": "nerede benim ne zaman nasıl merhaba teşekkürler için ile ve değil siparişim sipariş bir bu mi var",
        }.items()
    }
)
_SCRIPTS: Final = {
    "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "HANGUL": "ko", "HIRAGANA": "ja",
    "KATAKANA": "ja", "CJK": "zh", "THAI": "th", "DEVANAGARI": "hi",
}  # fmt: skip
# Signs of one language alone; a name has them too, so they count for a small word each.
_SIGNS: Final = {"es": "¿¡ñ", "de": "ß", "pt": "ãõ", "pl": "łżźśćńąę", "sv": "å", "tr": "ğış", "fr": "œê"}
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_FEWEST = 2  # small words of a foreign language before a message is taken for it
_SCRIPT_SHARE = 0.5  # of the letters


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of a text's language, or None when it cannot be told."""
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return None
    script = _script(letters)
    if script is not None:
        return script
    words = set(_WORD.findall(unicodedata.normalize("NFC", text.lower())))
    counts = {language: len(words & known) for language, known in _WORDS.items()}
    english = counts.pop("en")
    for language, signs in _SIGNS.items():
        counts[language] += not set(signs).isdisjoint(text.lower())
    best = max(counts, key=counts.__getitem__)
    if counts[best] >= _FEWEST and counts[best] > english:
        return best
    return "en" if english else None


def _script(letters: list[str]) -> str | None:
    found: dict[str, int] = {}
    for letter in letters:
        name = unicodedata.name(letter, "").split(" ")[0]
        if name in _SCRIPTS:
            found[name] = found.get(name, 0) + 1
    if sum(found.values()) < len(letters) * _SCRIPT_SHARE:
        return None
    if "HIRAGANA" in found or "KATAKANA" in found:
        return "ja"
    return _SCRIPTS[max(found, key=found.__getitem__)]
