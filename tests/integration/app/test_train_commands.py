"""`assistify train` and `assistify models` as somebody types them: what they write, and what they say to mistakes."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.cli.new_folder import new_folder
from app.domain.people import Role
from app.settings import get_settings
from tests.integration.app.responder import ScriptedResponder
from tests.integration.app.rig import product, working
from tests.integration.app.typed import done, refused

MOODS = {
    "negative": ["awful", "terrible service", "it broke at once", "I am angry"],
    "neutral": ["where is it", "what does it cost", "do you ship", "which size"],
    "positive": ["great", "wonderful shop", "I love it", "thanks, perfect"],
}
COMMAND = Path(sys.executable).with_name("assistify")


@pytest.fixture(autouse=True)
def _environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("ASSISTIFY_VAR_DIR", str(folder))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A folder of a few examples of each mood."""
    written = tmp_path / "moods"
    written.mkdir()
    for label, texts in MOODS.items():
        (written / f"{label}.txt").write_text("\n".join(texts))
    return written


def test_own_examples_train_a_head_that_others_may_read_and_that_can_be_added(examples: Path, tmp_path: Path) -> None:
    out = tmp_path / "mood of ours"
    said = done("train", "sentiment", "--examples", str(examples), "--out", str(out))
    assert "five-fold cross-validation, 12 texts" in said
    assert f"assistify models add sentiment '{out}'" in said
    assert {path.name for path in out.iterdir()} == {"README.md", "head.safetensors"}
    assert (out / "head.safetensors").stat().st_mode & stat.S_IROTH
    assert not list(tmp_path.glob(".unfinished*"))
    added = done("models", "add", "sentiment", str(out))
    assert f"models promote sentiment {added.split()[3].rstrip('.')}" in added  # in one line, to be copied
    assert added.split()[3].rstrip(".") in done("models", "list")


def test_what_is_wrong_is_said_before_anything_is_trained(examples: Path, tmp_path: Path) -> None:
    train = ["train", "sentiment", "--examples"]
    assert "is not a folder" in refused(*train, str(tmp_path / "nowhere"))
    (examples / "neutral.txt").write_bytes(b"caf\xe9")
    assert "neutral.txt is not UTF-8" in refused(*train, str(examples))
    (examples / "neutral.txt").unlink()
    assert "label neutral has no examples" in refused(*train, str(examples))
    (examples / "angry.txt").write_text("argh")
    assert "unknown labels: angry" in refused(*train, str(examples))
    assert "is not a folder" in refused("train", "intent", "--base", str(tmp_path / "nowhere"))
    assert "cannot fine-tune" in refused("train", "intent", "--base", str(examples))
    assert "config.json is missing" in refused("train", "responder", "--base", str(examples))
    assert "is not a folder" in refused("models", "add", "intent", str(tmp_path / "nowhere"))
    assert "there is no shop yet" in refused("train", "recommender")
    assert not list(tmp_path.glob("models/*"))


def test_a_model_that_is_there_is_not_written_over(examples: Path) -> None:
    assert "is not empty" in refused("train", "sentiment", "--out", str(examples))
    assert len(list(examples.iterdir())) == len(MOODS)


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "model"
    assert refused("train", "sentiment", "--out", str(out)) == f"nothing was written to {out}: Not a directory"


def test_a_disk_that_is_full_leaves_no_half_model(
    examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nlp.head.Head.save", full)
    said = refused("train", "sentiment", "--examples", str(examples), "--out", str(tmp_path / "m"))
    assert said == f"nothing was written to {tmp_path}/m: No space left on device"
    assert not (tmp_path / "m").exists()
    assert not list(tmp_path.glob(".unfinished*"))


def test_ctrl_c_ends_a_training_without_a_trace_of_it(tmp_path: Path) -> None:
    environment = {**os.environ, "ASSISTIFY_VAR_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    command = [str(COMMAND), "train", "intent", "--out", str(tmp_path / "m")]
    # The folder is there from the first moment on; a pipe tells that the bar began.
    training = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while not list(tmp_path.glob(".unfinished*")):
        assert training.poll() is None
    training.send_signal(signal.SIGINT)
    said, _ = training.communicate(timeout=60)
    assert training.returncode == 130, said
    assert b"Traceback" not in said
    assert not list(tmp_path.glob(".unfinished*"))
    assert not (tmp_path / "m").exists()


def test_what_a_killed_training_left_is_removed_by_the_next_one_and_what_runs_is_not(tmp_path: Path) -> None:
    killed, running = (tmp_path / f".unfinished-{name}" for name in ("1", "2"))
    for folder in (killed, running):
        (folder / "m").mkdir(parents=True)
        (folder / "lock").touch()
    with (running / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with new_folder("m", tmp_path / "mine", get_settings()) as (work, _):
            assert not killed.exists()
            assert {running, work.parent} == set(tmp_path.glob(".unfinished*"))
    assert (tmp_path / "mine").is_dir()


async def teach(folder: Path) -> None:
    """Let a customer ask and like the answer, and an agent correct what the message was about."""
    async with product(folder) as rig, working(rig.worker(ScriptedResponder())):
        visitor, conversation = await rig.open()
        await rig.ask(visitor, conversation, "My name is Rosa Lind, rosa@lind.test: where is my parcel?")
        await rig.answered(conversation)
        asked, answer = await rig.messages(conversation)
        await rig.parts.cases.desk.give_feedback(visitor, conversation, answer.id, "up")
        agent = rig.mine.staff[Role.AGENT]
        await rig.parts.cases.desk.correct_intent(agent, conversation, asked.id, "refund_status")


def test_what_people_taught_is_exported_without_their_names(folder: Path, tmp_path: Path) -> None:
    asyncio.run(teach(folder))
    said = done("train", "export", str(tmp_path / "taught"))
    assert "1 answers and 1 corrected intents" in said
    (intent,) = (tmp_path / "taught" / "intents.jsonl").read_bytes().splitlines()
    assert msgspec.json.decode(intent) == {
        "text": "My name is [name], [email]: where is my parcel?",
        "label": "refund_status",
    }
    (answer,) = (tmp_path / "taught" / "answers.jsonl").read_bytes().splitlines()
    assert set(msgspec.json.decode(answer)) == {"prompt", "answer"}
    assert not [name for name in (b"Rosa", b"rosa@", b"Lind") if name in answer]
    assert "1 of 1 answers can be trained on" in refused(
        "train", "responder", "--base", str(Path("nlp/starter/responder").resolve())
    )
