"""What the responder is taught to say, sentence by sentence: shipped with the model (see nlp.sentences)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nlp.sentences import Place, Said, SentenceGroup
from nlp.tone import OPENERS
from nlp.training.responder.dialogues import scenes
from nlp.training.responder.grammar import Scene, Slot, conditions_of, every_alternative


def taught_sentences() -> dict[str, list[SentenceGroup]]:
    """Return all sentences by situation; each group stands in the answers of one scene."""
    found: dict[str, list[SentenceGroup]] = {}
    for scene in scenes():
        groups, own = found.setdefault(scene.situation, []), list(_groups(scene))
        if any(group not in groups for group in own):  # all of them: what is of `must` follows its own first one
            groups.extend(own)
    return found


def _groups(scene: Scene) -> Iterator[SentenceGroup]:
    given = tuple(sorted(scene.given.items()))
    state = tuple((key, value) for key, value in given if key.endswith(".state"))
    leads = True  # so far every slot was one that is always said
    for number, slot in enumerate(scene.answer):
        leads = leads and (slot.must or not slot.optional)
        place: Place = "first" if not number else "must" if leads else "later"
        yield SentenceGroup(given, tuple(_said(slot)), place)
    if scene.apology:
        yield SentenceGroup(state, tuple(Said(text) for text in _openers(scene)), "opening")


def _said(slot: Slot) -> Iterator[Said]:
    for template in slot.templates:
        conditions, body = conditions_of(template)
        for text in every_alternative(body):
            yield Said(text, tuple(conditions))


def _openers(scene: Scene) -> Sequence[str]:
    families = ("", scene.apology) if scene.has_cheer else (scene.apology,)
    return [text for (_, family), texts in OPENERS.items() if family in families for text in texts]
