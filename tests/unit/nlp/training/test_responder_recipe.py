"""The whole recipe on a tiny model: vocabulary, training with resume, export, answers, card."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from transformers import AutoTokenizer, T5ForConditionalGeneration

from nlp.evaluation.responder import Answer as Said
from nlp.evaluation.responder import Case, Responder, evaluate, is_faithful, names_right_fact, pointers
from nlp.grounding import POINTERS, sentinel
from nlp.training.responder.__main__ import main
from nlp.training.responder.dataset import Dataset, encode, read_examples
from nlp.training.responder.dialogues import write
from nlp.training.responder.recipe import SIZES, Settings, Size
from nlp.training.responder.train import Progress, Trainer
from nlp.training.responder.vocabulary import train_vocabulary

TINY = Settings(size="tiny", steps=6, tokens_per_batch=512, warmup=2, checkpoint_every=3, seed=3)


@pytest.fixture(scope="module", autouse=True)
def tiny_size() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    SIZES["tiny"] = Size(d_model=32, d_ff=48, d_kv=8, heads=2, encoder_layers=1, decoder_layers=1)
    yield
    del SIZES["tiny"]
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("responder")
    write(folder / "train.jsonl", 3, 1_500)
    write(folder / "held_out.jsonl", 3, 24, held_out=True)
    tokenizer = train_vocabulary(read_examples(folder / "train.jsonl"), folder / "tokenizer.json")
    encode(folder / "train.jsonl", tokenizer, folder / "train.npz")
    return folder


@pytest.fixture(scope="module")
def tokenizer(work: Path) -> Tokenizer:
    return Tokenizer.from_file(str(work / "tokenizer.json"))


@pytest.fixture(scope="module")
def exported(work: Path) -> Path:
    out = work / "out"
    arguments = [
        "--work",
        str(work),
        "--out",
        str(out),
        "--size",
        "tiny",
        "--steps",
        "4",
        "--seed",
        "3",
        "--cases",
        "8",
    ]
    for part in ("train", "export", "card"):
        main([part, *arguments])
    return out


def test_sentinels_have_the_highest_ids_in_the_order_of_t5(tokenizer: Tokenizer) -> None:
    size = tokenizer.get_vocab_size()
    assert [tokenizer.token_to_id(sentinel(n)) for n in (0, 1, 99)] == [size - 1, size - 2, size - 100]


def test_a_fact_line_is_two_tokens(tokenizer: Tokenizer) -> None:
    lines = "\n".join(f"{key}: {sentinel(number)}" for key, number in POINTERS.items())
    assert len(tokenizer.encode(lines, add_special_tokens=False).ids) == 2 * len(POINTERS)


@pytest.mark.parametrize(
    "text",
    ["Order <extra_id_40> (<extra_id_45>) is on its way, see <extra_id_49>", "Hello <extra_id_0>! It's <extra_id_71>."],
)
def test_answers_come_back_as_they_were(tokenizer: Tokenizer, text: str) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == text


def test_digits_are_pieces_of_their_own(tokenizer: Tokenizer) -> None:
    with_digit = [piece for piece in tokenizer.get_vocab(with_added_tokens=False) if any(map(str.isdigit, piece))]
    assert sorted(with_digit) == list("0123456789")


def test_batches_hold_every_example_once_within_the_limit(work: Path) -> None:
    data = Dataset(work / "train.npz")
    rows = 0
    for batch in data.batches(1, 512):
        rows += len(batch.ids)
        assert len(batch.ids) == 1 or batch.ids.numel() + batch.labels.numel() <= 512
        assert torch.equal(batch.ids != 0, batch.mask == 1)
        assert bool((batch.labels[:, 0] >= 0).all())
    assert rows == len(data) == 1_500


def test_training_learns_and_goes_on_from_its_checkpoint(work: Path, tokenizer: Tokenizer, tmp_path: Path) -> None:
    data = Dataset(work / "train.npz")
    reports: list[Progress] = []
    first = Trainer(replace(TINY, rate=1e-2), tokenizer, tmp_path)
    assert not first.resume()
    first.run(data, reports.append, every=3)
    assert [at.step for at in reports] == [3, 6]
    assert reports[1].loss < reports[0].loss
    second = Trainer(replace(TINY, steps=7), tokenizer, tmp_path)
    assert second.resume()
    assert second.step == 6
    for name, tensor in first.model.state_dict().items():
        assert torch.equal(tensor, second.model.state_dict()[name])
    second.run(data, reports.append)
    assert second.step == 7


def test_the_exported_directory_is_what_hugging_face_reads(exported: Path, tokenizer: Tokenizer) -> None:
    assert {path.name for path in exported.iterdir()} == {
        "README.md", "config.json", "generation_config.json", "model.safetensors", "sentences.json",
        "tokenizer.json", "tokenizer_config.json",
    }  # fmt: skip
    model = T5ForConditionalGeneration.from_pretrained(exported)
    assert model.dtype is torch.float16
    assert model.config.vocab_size == tokenizer.get_vocab_size()
    text = "order.number: <extra_id_40>\ncustomer: where is it?"
    assert AutoTokenizer.from_pretrained(exported)(text)["input_ids"] == tokenizer.encode(text).ids


def test_the_card_names_data_and_scores(exported: Path, work: Path) -> None:
    text = (exported / "README.md").read_text(encoding="utf-8")
    recorded = json.loads((work / "exported.json").read_text(encoding="utf-8"))
    assert recorded["data_sha256"] in text
    assert "faithful, with the pointer constraint | 100.0%" in text
    assert "## 8 sampled answers" in text


def test_even_an_untrained_model_is_faithful_under_the_constraint(exported: Path, work: Path) -> None:
    cases = [
        Case(row["situation"], row["prompt"], row["answer"], {int(k): v for k, v in row["literals"].items()})
        for row in read_examples(work / "held_out.jsonl")
    ]
    scores, answers = evaluate(Responder(exported), cases)
    assert scores.faithful == 1.0
    assert all(pointers(answer.raw) <= set(answer.case.literals) for answer in answers)
    assert scores.perplexity > 1.0


CASE = Case("order_status/verified", "", "Order <extra_id_40> is with <extra_id_42>.", {40: "#1", 42: "UPS"})


@pytest.mark.parametrize(
    ("raw", "text", "faithful", "right"),
    [
        ("<extra_id_42> has it.", "UPS has it.", True, True),
        ("Order <extra_id_40> is here.", "Order #1 is here.", True, False),
        ("It costs <extra_id_44> at <extra_id_42>.", "It costs ? at UPS.", False, True),
        ("UPS has #2.", "UPS has #2.", False, False),
    ],
)
def test_scores_of_one_answer(raw: str, text: str, *, faithful: bool, right: bool) -> None:
    answer = Said(CASE, raw, text)
    assert is_faithful(answer) is faithful
    assert names_right_fact(answer) is right


def test_dialogues_that_were_cut_off_are_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(path: Path, *_: object, **__: object) -> None:
        path.write_text("half of ")
        raise KeyboardInterrupt

    arguments = ["generate", "--work", str(tmp_path), "--examples", "3"]
    with monkeypatch.context() as patched:
        patched.setattr("nlp.training.responder.__main__.write", killed)
        with pytest.raises(KeyboardInterrupt):
            main(arguments)
    assert not (tmp_path / "train.jsonl").exists()
    monkeypatch.setattr("nlp.training.responder.recipe.HELD_OUT_EXAMPLES", 2)
    main(arguments)
    assert len((tmp_path / "train.jsonl").read_text().splitlines()) == 3
    assert not list(tmp_path.glob("unfinished-*"))
