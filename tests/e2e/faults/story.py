"""What happens in one conversation while everything around it breaks: questions, streamed answers, takeovers, talk."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.e2e.faults.person import Person
from tests.fixtures.wire_client import RefusedError
from tests.fixtures.wire_view import View


@dataclass
class Story:
    """One visitor, one agent and the conversation between them and the bot, in `rounds` of `talk` messages."""

    visitor: Person
    agent: Person
    chance: random.Random
    rounds: int
    talk: int
    conversation: str = ""
    cuts: dict[str, str] = field(default_factory=dict)  # message: text, as takeovers were acknowledged
    said: int = 0

    async def run(self) -> None:
        """Live through it."""
        opened = await self.visitor.sure("conversation.open")
        self.conversation = opened["conversation"]["id"]
        await self.agent.watch(self.conversation)
        for number in range(self.rounds):
            await self._ask()
            await self._take_over()
            await self._talk()
            if number + 1 < self.rounds or self.chance.random() < 0.5:
                await self.agent.sure("control.release", conversation=self.conversation, to="bot")
                await self.visitor.until(lambda view: view.controller == "bot", self.conversation)

    async def _ask(self) -> None:
        """Ask the bot, sometimes twice, and wait for the whole answer or only for its beginning."""
        view = self.visitor.client.view(self.conversation)
        answers, epoch = len(view.texts("bot")), view.epoch
        for _ in range(2 if self.chance.random() < 0.2 else 1):
            await self._say(self.visitor)
        wanted = self.chance.choice((0, 1, 5, 10, 10_000))

        def is_enough(view: View) -> bool:
            has_ended = len(view.texts("bot")) > answers and view.live is None
            return has_ended or len(view.live_text) >= wanted or view.epoch > epoch

        await self.visitor.until(is_enough, self.conversation)

    async def _take_over(self) -> None:
        try:
            taken = await self.agent.sure("control.take", conversation=self.conversation)
        except RefusedError as error:
            raise AssertionError(f"the only agent was refused: {error}") from error
        if taken["cut"] is not None:
            self.cuts[taken["cut"]["message"]] = taken["cut"]["text"]

    async def _talk(self) -> None:
        """Talk to each other; sometimes the other waits until it was read."""
        for _ in range(self.talk):
            speaker, other = self.chance.sample((self.visitor, self.agent), 2)
            text = await self._say(speaker)
            if self.chance.random() < 0.3:
                await other.until(lambda view, text=text: _has(view, text), self.conversation)  # type: ignore[misc]

    async def _say(self, speaker: Person) -> str:
        self.said += 1
        text = f"message {self.said} in {self.conversation}"
        await speaker.say(self.conversation, text)
        return text


def _has(view: View, text: str) -> bool:
    return any(message["text"] == text for message in reversed(view.messages.values()))
