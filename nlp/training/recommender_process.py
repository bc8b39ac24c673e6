"""Train one recommender in a process of its own: `python -m nlp.training.recommender_process JOB MODEL STATE`.

The job is a file of `TrainingJob` as JSON. Model and state are written whole or not at all. LightFM's memory and its
hours of processor time are those of this process, and end with it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from nlp.recommender_file import save_recommender
from nlp.training.recommender import Interaction, Item, User, train_on
from nlp.training.recommender_state import FactorState

NICE = 10  # customers' answers come first


class TrainingJob(msgspec.Struct, frozen=True):
    """What a recommender is trained on."""

    interactions: list[Interaction]
    items: list[Item]
    users: list[User]


def run(job: Path, model: Path, state: Path) -> None:
    """Train, going on from the state where there is one."""
    data = msgspec.json.decode(job.read_bytes(), type=TrainingJob)
    trained, reached = train_on(data.interactions, data.items, data.users, state=FactorState.load(state))
    if reached is not None:
        reached.save(state)
    save_recommender(trained, model)


if __name__ == "__main__":
    os.nice(NICE)
    run(*map(Path, sys.argv[1:4]))
