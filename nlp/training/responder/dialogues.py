"""Generate dialogues: a scene, a world, a mood, facts that may be missing, and sometimes what was said before."""

from __future__ import annotations

import itertools
import json
import random
import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nlp.aspects import aspect_of, compared_aspect
from nlp.grounding import POINTERS, WORDS, Fact, fill
from nlp.prompt import Act, Mood, Speaker, Turn, build_prompt
from nlp.situations import SITUATIONS
from nlp.tone import NO_CHEER, OPENERS, goes_before, in_form, is_yes_no_question, regretful, suiting
from nlp.training.responder import (
    account,
    changes,
    delivery,
    handoff,
    noise,
    orders,
    payment,
    product_details,
    products,
    returns,
    several_orders,
    small_talk,
)
from nlp.training.responder.grammar import NoAnswerError, Scene, answer_text, names_of, pick_alternatives
from nlp.training.responder.worlds import World

_TOPICS = (
    orders,
    several_orders,
    changes,
    returns,
    delivery,
    products,
    product_details,
    payment,
    account,
    small_talk,
    handoff,
)
_MOODS = (Mood.NEUTRAL,) * 6 + (Mood.NEGATIVE,) * 2 + (Mood.POSITIVE,) * 2
_KEEP = (1.0, 1.0, 0.9, 0.75, 0.5, 0.2)  # share of the facts at hand that the example holds
_OF_ONE_KIND = ("product_search/found", "product_question/compared")  # their products
_KNOWN = ("order.number",)  # wherever there is an order
_OF_SCENE = ("missing", "asks", "confirms")  # facts that a scene gives or leaves out, never drawn
# Situations with many answers need more examples than their share.
_MANY_ANSWERS = {
    "order_status/verified": 2.2,
    "contact_info/general": 3.0,
    "delivery_options/general": 1.6,
    "availability/found": 2.0,
    "product_question/found": 1.4,
}
_SAYS_WHICH = re.compile(r"\{order\.number\}|\{email\}| one\??$|\{thing\}$")
_RARE = 0.65  # power of a situation's weight; 1 leaves it as it is, 0 makes all equally frequent
_ASKS_UNKNOWN = 0.12  # share of questions for one thing where only their words say which
HELD_OUT_ONE_IN = 12  # of the ways to ask, for the evaluation

# What was said in the first row cannot be followed by the second: an order that is known stays known.
_ORDER_KNOWN, _ORDER_UNKNOWN = ("verified", "possible", "too_late", "several"), ("unverified", "unmatched", "none")
_CONTRADICT = frozenset(
    {
        *itertools.product(_ORDER_KNOWN, _ORDER_UNKNOWN),
        *itertools.product(("none",), _ORDER_KNOWN),
        *itertools.product(("unmatched",), ("found", "compared")),
        *itertools.product(("found", "compared"), ("unmatched", "which", "vague")),
        *itertools.product(("which", "vague"), ("found", "compared")),
    }
)
# After these the bot says nothing more, or there is nothing more to say.
_ENDS = frozenset({name for name, row in SITUATIONS.items() if row.act is Act.HANDOFF} | {"goodbye/talk"})
_OF_PRODUCTS = ("product_question", "product_search", "availability")
_RECEIVED = ("delivered", "returned")  # of such orders something is to be refunded or put right
_ONLY_AFTER = {"any/offer": ("any/clarify",), "any/handoff": ("any/unknown", "any/offer")}
# What proves an order to be the customer's, and what is asked for by what is missing.
_PROOF = {"order.number", "email"}
_ASKED_FOR = {None: _PROOF, "email": {"email"}, "order number": {"order.number"}}
# A cost belongs to the word that says there is one; a return date to what is sold out.
_COUPLED = {
    "policy.return_cost": ("policy.return_shipping", "paid"),
    "policy.cancel_fee": ("policy.cancellation", "fee"),
    "delivery.standard_cost": ("delivery.standard", "paid"),
    "delivery.free_from": ("delivery.standard", "paid"),
    "handoff.wait": ("handoff.state", "available"),
    "product.1.restock": ("product.1.stock", "sold out"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """One training example; `answer` holds sentinels where literals go."""

    situation: str
    prompt: str
    answer: str
    literals: Mapping[int, str]


def scenes() -> list[Scene]:
    """Return the scenes of every topic."""
    return [scene for topic in _TOPICS for scene in topic.scenes()]


def is_held_out(template: str) -> bool:
    """Tell whether this way of asking is kept for the evaluation."""
    return zlib.crc32(template.encode()) % HELD_OUT_ONE_IN == 0


class Generator:
    """Draw examples by seed; `held_out` draws from the shops, products and ways of asking kept for the evaluation."""

    def __init__(self, seed: int, *, held_out: bool = False) -> None:
        self._rng = random.Random(f"{seed}/{held_out}")
        self._held_out = held_out
        self._scenes = scenes()
        self._weights = _balanced(self._scenes)
        self._by_intent: dict[str, list[Scene]] = {}
        for scene in self._scenes:
            self._by_intent.setdefault(scene.intent, []).append(scene)

    def examples(self, count: int) -> Iterator[Example]:
        """Yield `count` examples."""
        while count:
            try:
                yield self._example(self._any_scene())
            except NoAnswerError:
                continue
            count -= 1

    def _example(self, scene: Scene) -> Example:
        rng = self._rng
        world = World(rng, scene, held_out=self._held_out, one_kind=scene.situation in _OF_ONE_KIND)
        mood = rng.choice(_MOODS)
        if mood is Mood.POSITIVE and scene.intent in NO_CHEER:
            mood = Mood.NEUTRAL
        intent = rng.choice(scene.intents) if scene.intents else scene.intent
        facts = self._facts(scene, world)
        history, question, mood = self._talk(scene, facts, world, mood)
        facts = _with_variant(facts, question, world) if scene.situation == "availability/found" else facts
        if self._held_out:
            facts = _as_detected(scene, facts, question)
        prompt = build_prompt(
            question=question, history=history, facts=[Fact(key, value) for key, value in facts.items()],
            intent=intent, mood=mood, act=SITUATIONS[scene.situation].act, count_tokens=_rough_tokens, window=448,
        )  # fmt: skip
        answer = self._answer(scene, facts, mood, question)
        return Example(scene.situation, prompt.text, answer, prompt.literals)

    def _facts(self, scene: Scene, world: World) -> dict[str, str]:
        """Draw which facts are at hand, in the order of the situation's row."""
        keep = self._rng.choice(_KEEP)
        facts: dict[str, str] = {}
        chosen: dict[str, str] = dict(scene.given)
        for key in SITUATIONS[scene.situation].keys:
            if key in scene.never or (key in _OF_SCENE and key not in scene.given):
                continue
            if key == "asks" and self._rng.random() < _ASKS_UNKNOWN:
                continue
            if key not in (*scene.always, *scene.given, *_KNOWN) and self._rng.random() >= keep:
                continue
            if key in _COUPLED and chosen.get(_COUPLED[key][0]) != _COUPLED[key][1]:
                continue
            if key in POINTERS:
                facts[key] = world.values[key]
            else:
                facts[key] = chosen[key] = scene.given.get(key) or self._rng.choice(WORDS[key])
        return facts

    def _talk(self, scene: Scene, facts: Mapping[str, str], world: World, mood: Mood) -> tuple[list[Turn], str, Mood]:
        """Make what was said before and the question, and the mood that its words show."""
        roll = self._rng.random()
        if roll < 0.66:
            return [], *self._ask(scene.asks, world, mood)
        if roll < 0.92 and scene.follow_ups:
            related = self._rng.choice(self._by_intent.get(scene.intent, self._scenes))
            asks = _going_on(related, scene)
            before = self._turns(related, world, scene, facts) if asks else []
            if before:  # it goes on with something
                return [*self._earlier(related, scene, world, facts), *before], *self._ask(asks, world, mood)
        other = self._other_scene(scene)
        before = self._turns(other, world, scene, facts)
        # What is unclear would be the answer to a question, and `blue` may mean a product.
        if scene.intent == "any" and before and (before[-1].text.endswith("?") or other.intent in _OF_PRODUCTS):
            before = []
        earlier = self._earlier(other, scene, world, facts) if before else []
        return [*earlier, *before], *self._ask(scene.asks, world, mood)

    def _earlier(self, then: Scene, now: Scene, world: World, facts: Mapping[str, str]) -> list[Turn]:
        """Make, now and then, what was said before the exchange `then`."""
        if self._rng.random() >= 0.3:
            return []
        scene = self._other_scene(now)
        is_at_odds = (scene.situation.partition("/")[2], then.situation.partition("/")[2]) in _CONTRADICT
        states = {one.given["order.state"] for one in (scene, then) if "order.state" in one.given}
        if is_at_odds or len(states) > 1 or scene.intent == then.intent:
            return []
        return self._turns(scene, world, now, facts)

    def _other_scene(self, now: Scene) -> Scene:
        """Draw what may have been spoken of before: another matter, that did not end the conversation."""
        scene = self._any_scene()
        is_of_order = now.situation.partition("/")[2] in (*_ORDER_KNOWN, *_ORDER_UNKNOWN)
        while (
            scene.intent == now.intent
            or scene.situation in _ENDS
            or (is_of_order and scene.situation.endswith(("/unverified", "/unmatched")))
        ):
            scene = self._any_scene()
        return scene

    def _any_scene(self) -> Scene:
        return self._rng.choices(self._scenes, self._weights)[0]

    def _turns(self, scene: Scene, world: World, now: Scene, held: Mapping[str, str]) -> list[Turn]:
        """Make an earlier exchange of the same conversation; none where it would contradict this world or what follows.

        `held` are the facts of the scene that follows, `now`: what its row may hold was no different before.
        """
        if scene.article not in (None, world.article) or scene.detail not in (None, world.detail):
            return []
        if (scene.situation.partition("/")[2], now.situation.partition("/")[2]) in _CONTRADICT:
            return []
        if scene.reached != now.reached or scene.given.get("confirms") != now.given.get("confirms"):
            return []  # the world was drawn so that what is confirmed now is so
        row = {key for key in SITUATIONS[now.situation].keys if key not in _OF_SCENE}
        is_of_received = "order.number" in row and "order.state" not in row  # of an order that is with the customer
        if is_of_received and scene.given.get("order.state") not in (None, *_RECEIVED):
            return []
        if scene.situation == "refund_status/verified" and now.given.get("order.state") not in (None, *_RECEIVED):
            return []
        facts = {key: value for key, value in self._facts(scene, world).items() if key not in row}
        facts |= {key: held[key] for key in SITUATIONS[scene.situation].keys if key in row and key in held}
        if any(key in row and held.get(key) != value for key, value in scene.given.items()):
            return []
        if any(key in held for key in scene.never) or any(key not in facts for key in scene.always):
            return []
        asked, _ = self._ask(scene.asks, world, Mood.NEUTRAL)
        facts = _with_variant(facts, asked, world) if scene.situation == "availability/found" else facts
        try:
            answer = fill(
                self._answer(scene, facts, Mood.NEUTRAL, asked),
                {POINTERS[k]: v for k, v in facts.items() if k in POINTERS},
            )
        except NoAnswerError:
            return []
        speaker = Speaker.AGENT if self._rng.random() < 0.05 else Speaker.BOT
        return [Turn(Speaker.CUSTOMER, asked), Turn(speaker, answer)]

    def _ask(self, templates: Sequence[str], world: World, mood: Mood) -> tuple[str, Mood]:
        known = [t for t in templates if is_held_out(t) == self._held_out] or list(templates)
        text = pick_alternatives(self._rng, self._rng.choice(known))
        words = world.words()
        for name in names_of(text):
            value = words[name]
            if name.endswith(".number") and self._rng.random() < 0.4:
                value = value.lstrip("#")
            text = text.replace(f"{{{name}}}", value)
        mood = Mood.NEGATIVE if noise.sounds_unhappy(text) else mood
        coloured = noise.colour(self._rng, text, mood)
        shown = mood if coloured != text or noise.sounds_unhappy(text) else Mood.NEUTRAL
        return noise.roughen(self._rng, coloured), shown

    def _answer(self, scene: Scene, facts: Mapping[str, str], mood: Mood, question: str) -> str:
        is_yes_no = is_yes_no_question(question)
        text = answer_text(
            self._rng, scene.answer, facts, lambda templates: suiting(in_form(templates, is_yes_no, mood), mood)
        )
        text = regretful(text, mood)
        family = scene.apology if mood is Mood.NEGATIVE else ""
        if not scene.apology or (mood, family) not in OPENERS:
            return text
        if mood is Mood.POSITIVE and not scene.has_cheer:
            return text
        opener = self._rng.choice(OPENERS[mood, family])
        return f"{opener} {text}" if goes_before(opener, mood, scene.situation, text) else text


def _with_variant(facts: dict[str, str], question: str, world: World) -> dict[str, str]:
    """Put in the size or colour that the question names, and none where it names none, as the pipeline does."""
    key, row = "product.1.variant", SITUATIONS["availability/found"].keys
    size, colour = world.extras["size"], world.extras["colour"]
    said = re.findall(r"[\w-]+", question.lower())
    whole = facts.get(key, "").lower()
    if whole and whole in question.lower():
        return facts
    rest = {name: value for name, value in facts.items() if name != key}
    named = [f"size {size}"] * (size.lower() in said)
    named = [", ".join([colour] * (colour in said) + named)] if colour in said or named else []
    if not named and facts.get("confirms") is not None:
        named = [facts[key]]
    added = rest | dict.fromkeys([key], named[0]) if named else rest
    return {name: added[name] for name in row if name in added}


def _as_detected(scene: Scene, facts: dict[str, str], question: str) -> dict[str, str]:
    """Put in the place of what the scene asks for what is found in the words of the question, as the pipeline does."""
    if "asks" not in SITUATIONS[scene.situation].keys:
        return facts
    rest = {key: value for key, value in facts.items() if key != "asks"}
    is_compared = scene.situation == "product_question/compared"
    aspect = compared_aspect(question) if is_compared else aspect_of(scene.intent, question, facts.get("order.state"))
    return rest if aspect is None else {"asks": aspect} | rest


def _going_on(before: Scene, now: Scene) -> list[str]:
    """Return the follow-ups that go on from an exchange and do not ask for what was just said."""
    if before.answer == now.answer or before.situation in _ENDS:
        return []
    if before.situation not in _ONLY_AFTER.get(now.situation, (before.situation,)):
        return []
    if before.situation == "return_or_exchange/verified" and now.situation.endswith("/general"):
        return []
    if before.situation.endswith("/several"):
        return [one for one in now.follow_ups if _SAYS_WHICH.search(one) and "{email}" not in one]
    if before.situation.endswith(("/unverified", "/unmatched")):
        wanted = _ASKED_FOR[before.given.get("missing")]
        if "missing" in now.given:  # one of the two was given; the other is still to come
            wanted = wanted - _ASKED_FOR[now.given["missing"]]
        return [one for one in now.follow_ups if wanted and set(names_of(one)) & _PROOF == wanted]
    return [one for one in now.follow_ups if not _SAYS_WHICH.search(one)]


def _balanced(every: Sequence[Scene]) -> list[float]:
    """Return the scenes' weights with rare situations raised: each is learned from its own examples alone."""
    totals: defaultdict[str, float] = defaultdict(float)
    for scene in every:
        totals[scene.situation] += scene.weight
    return [
        scene.weight * totals[scene.situation] ** (_RARE - 1) * _MANY_ANSWERS.get(scene.situation, 1.0)
        for scene in every
    ]


def _rough_tokens(text: str) -> int:
    return len(text) // 3


def write(path: Path, seed: int, count: int, *, held_out: bool = False) -> None:
    """Write `count` examples as JSON lines."""
    with path.open("w", encoding="utf-8") as file:
        for example in Generator(seed, held_out=held_out).examples(count):
            row = {"situation": example.situation, "prompt": example.prompt, "answer": example.answer}
            if held_out:
                row |= {"literals": {str(number): text for number, text in example.literals.items()}}  # type: ignore[dict-item]
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
