"""Rebuild the starter responder: `python -m nlp.training.responder [generate|vocabulary|train|export|card|all]`.

Each part leaves its result in the work folder and is skipped when that is there (`--fresh` makes it anew); training
goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer

from nlp.evaluation.responder import Case, Responder, evaluate
from nlp.training.responder import recipe
from nlp.training.responder.card import Origin, card
from nlp.training.responder.dataset import Dataset, encode, read_examples, sha256
from nlp.training.responder.dialogues import write
from nlp.training.responder.export import export
from nlp.training.responder.sentences import taught_sentences
from nlp.training.responder.train import Progress, Trainer
from nlp.training.responder.vocabulary import train_vocabulary


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Yield the file to write, which becomes `path` when it is whole: a training that was killed goes on from it."""
    unfinished = path.with_name(f"unfinished-{path.name}")
    yield unfinished
    unfinished.replace(path)


def _generate(args: argparse.Namespace) -> None:
    for name, count, held_out in (
        ("train.jsonl", args.examples, False),
        ("held_out.jsonl", recipe.HELD_OUT_EXAMPLES, True),
    ):
        path = args.work / name
        if args.fresh or not path.exists():
            _say(f"generating {count:,} dialogues into {path}")
            with _whole(path) as unfinished:
                write(unfinished, args.seed, count, held_out=held_out)


def _vocabulary(args: argparse.Namespace) -> None:
    path = args.work / "tokenizer.json"
    if args.fresh or not path.exists():
        _say("making the vocabulary")
        with _whole(path) as unfinished:
            train_vocabulary(read_examples(args.work / "train.jsonl", recipe.VOCABULARY_EXAMPLES), unfinished)
    if args.fresh or not (args.work / "train.npz").exists():
        _say("encoding the dialogues")
        with _whole(args.work / "train.npz") as unfinished:
            encode(args.work / "train.jsonl", Tokenizer.from_file(str(path)), unfinished)


def _trainer(args: argparse.Namespace) -> tuple[Trainer, Tokenizer]:
    tokenizer = Tokenizer.from_file(str(args.work / "tokenizer.json"))
    settings = replace(recipe.Settings(size=args.size, seed=args.seed), steps=args.steps)
    trainer = Trainer(settings, tokenizer, args.work)
    if trainer.resume():
        _say(f"going on after step {trainer.step}")
    return trainer, tokenizer


def _train(args: argparse.Namespace) -> None:
    trainer, _ = _trainer(args)
    trainer.run(Dataset(args.work / "train.npz"), _report)


def _export(args: argparse.Namespace) -> None:
    trainer, tokenizer = _trainer(args)
    export(trainer.averaged(), tokenizer, taught_sentences(), args.out)
    recorded = {
        "steps": trainer.step,
        "seed": args.seed,
        "size": args.size,
        "examples": len(Dataset(args.work / "train.npz")),
        "data_sha256": sha256(args.work / "train.jsonl"),
    }
    (args.work / "exported.json").write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
    _say(f"wrote {args.out}, step {trainer.step}")


def _card(args: argparse.Namespace) -> None:
    cases = [
        Case(row["situation"], row["prompt"], row["answer"], {int(k): v for k, v in row["literals"].items()})
        for row in read_examples(args.work / "held_out.jsonl", args.cases)
    ]
    responder = Responder(args.out)
    _say(f"answering {len(cases)} held-out dialogues")
    scores, answers = evaluate(responder, cases)
    recorded = json.loads((args.work / "exported.json").read_text(encoding="utf-8"))
    origin = Origin(
        settings=recipe.Settings(size=recorded["size"], seed=recorded["seed"]),
        steps=recorded["steps"],
        parameters=responder.parameters,
        examples=recorded["examples"],
        data_sha256=recorded["data_sha256"],
        vocabulary=responder.tokenizer.get_vocab_size(),
        note=args.note,
    )
    (args.out / "README.md").write_text(card(origin, scores, answers, recorded["seed"]), encoding="utf-8")
    _say(json.dumps(scores.as_dict()))


def _report(at: Progress) -> None:
    _say(f"step {at.step:,} of {at.steps:,}  loss {at.loss:.4f}  {at.examples_per_s:.0f} examples/s")


def _say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


_PARTS = {"generate": _generate, "vocabulary": _vocabulary, "train": _train, "export": _export, "card": _card}


def main(arguments: list[str] | None = None) -> None:
    """Run one part, or all of them in order."""
    parser = argparse.ArgumentParser(prog="python -m nlp.training.responder", description=__doc__)
    parser.add_argument("part", nargs="?", choices=[*_PARTS, "all"], default="all")
    parser.add_argument("--size", choices=list(recipe.SIZES), default="small")
    parser.add_argument(
        "--work", type=Path, default=Path("var/training/responder"), help="where data and checkpoints are"
    )
    parser.add_argument("--out", type=Path, default=Path("nlp/starter/responder"), help="where the model is written")
    parser.add_argument("--steps", type=int, default=recipe.Settings().steps)
    parser.add_argument("--examples", type=int, default=recipe.TRAIN_EXAMPLES)
    parser.add_argument("--cases", type=int, default=recipe.HELD_OUT_EXAMPLES, help="held-out dialogues in the card")
    parser.add_argument("--seed", type=int, default=recipe.SEED)
    parser.add_argument("--note", default="", help="for the card: how this run departed from the recipe")
    parser.add_argument("--fresh", action="store_true", help="make data and vocabulary anew")
    args = parser.parse_args(arguments)
    args.work.mkdir(parents=True, exist_ok=True)
    for part in _PARTS if args.part == "all" else (args.part,):
        _PARTS[part](args)


if __name__ == "__main__":
    main()
