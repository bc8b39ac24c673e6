"""How customers really type: no capitals, no punctuation, slips of the finger, chat spelling, a greeting before it."""

from __future__ import annotations

import random
import re

_NEAR = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
_CHAT = {
    "you": "u", "are": "r", "please": "pls", "thanks": "thx", "your": "ur", "because": "cuz", "want to": "wanna",
    "going to": "gonna", "i am": "im", "i'm": "im", "don't": "dont", "can't": "cant", "didn't": "didnt",
    "haven't": "havent", "hasn't": "hasnt", "what's": "whats", "where's": "wheres", "it's": "its", "for": "4",
    "people": "ppl", "though": "tho", "tomorrow": "tmrw", "message": "msg", "received": "recieved", "address": "adress",
    "receive": "recieve", "definitely": "definately", "delivery": "delivry", "account": "acount", "number": "nr",
}  # fmt: skip
_BEFORE = (
    "hi,", "hello,", "hey,", "hi there,", "good morning,", "hello!", "hey!", "hi", "hello", "hey there",
    "excuse me,", "quick question:", "sorry to bother you, but", "ok so", "um,", "good afternoon.", "yo", "hiya,",
)  # fmt: skip
_AFTER = (
    "please",
    "thanks",
    "thank you",
    "pls",
    "thanks in advance",
    "asap",
    "cheers",
    "ty",
    "?",
    "??",
    "...",
    "!",
    "🙏",
)
_ASIDE = (
    "it's a birthday present", "I'm leaving on holiday soon", "it's for my sister", "I need it by the weekend",
    "first time buying here", "I'm on my phone", "my husband told me about you", "I've been a customer for years",
    "I looked on the website but couldn't find it", "just wondering", "I'm in a hurry", "I'm at work right now",
    "I got the email but I'm not sure", "nobody told me", "it's for a wedding", "my kid needs it for school",
)  # fmt: skip
_ANGRY_BEFORE = (
    "this is ridiculous.", "I'm really annoyed.", "seriously?", "honestly, this is a joke.", "I'm fed up.", "wtf",
    "unbelievable.", "not happy at all.", "this is the third time I ask.", "I am very disappointed.", "come on.",
    "what a mess.", "your service is terrible.", "I'm losing my patience.", "ugh,", "omg", "this is unacceptable.",
)  # fmt: skip
_ANGRY_AFTER = (
    "this is taking forever", "I'm really upset", "never again", "so frustrating", "!!!", "what a joke", "I'm furious",
    "unacceptable", "do something", "worst shop ever", "this is a nightmare", "😡", "are you kidding me",
)  # fmt: skip
_GLAD_BEFORE = (
    "love your shop!", "you guys are great!", "hi, great service so far!", "thanks for the quick help!", "awesome!",
    "perfect,", "great,", "cool,", "super,", "wonderful!", "I'm so excited!", "lovely,",
)  # fmt: skip
_GLAD_AFTER = (
    "can't wait!", "you're the best", "love it", "thanks so much!", "so happy with it", "😊", "great shop btw", "❤️",
    "really appreciate it", "keep it up!",
)  # fmt: skip


# What says by itself that something went wrong, in the questions of the scenes.
_UNHAPPY = re.compile(
    r"not happy|\bdemand\b|give me my money|still (?:no|waiting|nothing)|heard nothing|i got nothing|nothing happened"
    r"|never (?:got|received|arrived)|no money|(?:not|isn't) what i expected|keeps? failing",
    re.IGNORECASE,
)


def sounds_unhappy(text: str) -> bool:
    """Tell whether a question shows a bad mood before anything is added to it."""
    return _UNHAPPY.search(text) is not None


def colour(rng: random.Random, text: str, mood: str) -> str:
    """Add what a customer in this mood says around the question; mostly nothing when neutral."""
    before, after = {
        "negative": (_ANGRY_BEFORE, _ANGRY_AFTER),
        "positive": (_GLAD_BEFORE, _GLAD_AFTER),
    }.get(mood, (_BEFORE, _AFTER))
    roll = rng.random()
    if roll < 0.3:
        text = f"{rng.choice(before)} {text}"
    elif roll < 0.5:
        text = f"{text} {rng.choice(after)}"
    elif roll < 0.57 and mood == "neutral":  # an aside shows no mood
        aside = rng.choice(_ASIDE)
        text = rng.choice((f"{text}, {aside}", f"{aside}. {text}", f"{text} {aside}"))
    return text


def roughen(rng: random.Random, text: str) -> str:
    """Type the text the way a hurried customer would. Words with digits or an @ are left alone."""
    typed = text
    if rng.random() < 0.25:
        text = _chat(rng, text)
    style = rng.random()
    if style < 0.5:
        text = text.lower()
    elif style < 0.53:
        text = text.upper()
    elif style < 0.85:
        text = text[:1].upper() + text[1:]
    if rng.random() < 0.45:
        text = re.sub(r"[?!,'](?=\s|$)|\.(?=\s|$)", "", text)
    if rng.random() < 0.22:
        words = text.split(" ")
        for _ in range(rng.choice((1, 1, 2))):
            at = rng.randrange(len(words))
            words[at] = _slip(rng, words[at])
        text = " ".join(words)
    return text.strip() or typed


def _chat(rng: random.Random, text: str) -> str:
    for long, short in _CHAT.items():
        if rng.random() < 0.6:
            text = re.sub(rf"\b{re.escape(long)}\b", short, text, flags=re.IGNORECASE)
    return text


def _slip(rng: random.Random, word: str) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    at = rng.randrange(1, len(word) - 1)
    match rng.randrange(4):
        case 0:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case 1:
            return word[:at] + word[at + 1 :]
        case 2:
            return word[:at] + word[at] + word[at:]
        case _:
            return word[:at] + rng.choice(_NEAR.get(word[at].lower(), word[at])) + word[at + 1 :]
