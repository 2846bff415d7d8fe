"""A small generative model on sentences of Rotten Tomatoes: as it is, and fine-tuned on 600.

    make bench-bedrock
    make bench-bedrock BENCH="--sentences 200 --held-out 100 --seed 7"

SmolLM2-135M-Instruct is tuned and asked as the embedded Bedrock does both, by the same engine, with
the instruction of a run and its strict reading of answers: what is not exactly a label is unparsed,
and wrong. Intervals are Wilson's of 95 %.
"""

import argparse
import math
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from laptop.sample_data import Row, held_out_rows, train_rows
from local_aws.generative.conversations import Answer, Conversation, Message, StepMetrics
from local_aws.generative.engines import Engines
from local_aws.generative.port import GenerativeEngine
from local_aws.generative.smollm2_weights import NAME
from thriftline.runs.trainers.bedrock.answers import parse_answer
from thriftline.runs.trainers.bedrock.label_words import label_words
from thriftline.runs.trainers.bedrock.prompt import system_prompt

WORDS = label_words(("positive", "negative"))
SYSTEM = system_prompt(WORDS)
# The longest label and three more, as a run asks.
MOST_TOKENS = 4
EXAMPLES = 4


@dataclass(frozen=True)
class Score:
    """How a model did on the held-out sentences."""

    asked: int
    right: int
    unparsed: int

    def row(self, name: str) -> str:
        """Return a row of the table."""
        low, high = interval(self.right, self.asked)
        return (
            f"| {name} | {self.asked} | {self.right} | {self.right / self.asked:.3f} | "
            f"{low:.3f} to {high:.3f} | {self.unparsed} |"
        )


def interval(right: int, asked: int, z: float = 1.96) -> tuple[float, float]:
    """Return Wilson's interval of a share."""
    share = right / asked
    middle = share + z * z / (2 * asked)
    half = z * math.sqrt(share * (1 - share) / asked + z * z / (4 * asked * asked))
    scale = 1 + z * z / asked
    return (middle - half) / scale, (middle + half) / scale


def score(
    engine: GenerativeEngine, folder: Path | None, rows: Sequence[Row], examples: Sequence[Row]
) -> Score:
    """Ask for each sentence, after examples of other sentences if any are given."""
    shown = tuple(
        message
        for row in examples
        for message in (Message("user", row.text), Message("assistant", row.label))
    )
    labels = [
        _label(engine.answer(folder, SYSTEM, (*shown, Message("user", row.text)), MOST_TOKENS))
        for row in rows
    ]
    right = sum(label == row.label for label, row in zip(labels, rows, strict=True))
    return Score(len(rows), right, labels.count(None))


def main(arguments: Sequence[str]) -> int:
    """Tune, ask and print; return 1 where a bar was missed."""
    given = _parser().parse_args(arguments)
    engine = Engines.of_this_machine().engine_for(NAME)
    train, held_out = train_rows(given.sentences), held_out_rows(given.held_out)
    steps: list[StepMetrics] = []
    with tempfile.TemporaryDirectory() as name:
        started = time.monotonic()
        engine.fine_tune(
            [_conversation(row) for row in train],
            given.epochs,
            given.learning_rate,
            given.seed,
            Path(name),
            steps.append,
        )
        seconds = time.monotonic() - started
        print(f"{len(train)} sentences, {given.epochs} epochs, seed {given.seed}")
        print("mean loss of each epoch: " + ", ".join(_curve(steps)))
        print("\n| model | asked | right | accuracy | 95 % interval | unparsed |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        base = score(engine, None, held_out, ())
        print(base.row("as it is, zero-shot"), flush=True)
        few = score(engine, None, held_out, train[:EXAMPLES])
        print(few.row(f"as it is, {EXAMPLES} examples"), flush=True)
        tuned = score(engine, Path(name), held_out, ())
        print(tuned.row("tuned"))
        engine.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"\nfine-tuning took {seconds:.0f} s; all processes {used.ru_utime + used.ru_stime:.0f} "
        f"processor seconds, the largest {used.ru_maxrss / 1e6:.2f} GB"
    )
    return 1 if list(_missed(base, tuned)) else 0


def _missed(base: Score, tuned: Score) -> Iterator[str]:
    """Print and yield each bar that was missed."""
    bars = {
        "disjoint intervals": interval(tuned.right, tuned.asked)[0]
        > interval(base.right, base.asked)[1],
        "accuracy of 0.75": tuned.right / tuned.asked >= 0.75,
        "1 % unparsed": tuned.unparsed / tuned.asked <= 0.01,
    }
    for name, reached in bars.items():
        print(f"bar: {name}: {'reached' if reached else 'MISSED'}")
        if not reached:
            yield name


def _label(answer: Answer) -> str | None:
    return parse_answer(answer.text, WORDS)


def _conversation(row: Row) -> Conversation:
    return Conversation(SYSTEM, (Message("user", row.text), Message("assistant", row.label)))


def _curve(steps: Sequence[StepMetrics]) -> Iterator[str]:
    for epoch in sorted({step.epoch for step in steps}):
        yield f"{mean(step.loss for step in steps if step.epoch == epoch):.2f}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=600, help="to learn from")
    parser.add_argument("--held-out", type=int, default=200, help="to ask for")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--seed", type=int, default=42)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
