"""A training program that keeps the contract and learns in milliseconds, for tests of the workflow.

It predicts the label whose training texts share most words with a text. The seed picks what
happens: 901 fails with a reason, 902 runs until it is told to stop, 903 says a wrong label often.
"""

import collections
import json
import os
import signal
import sys
import tarfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

# It is started as a program, the way the training image is, and not as a module.
sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.integration.workflow.quick_train_seeds import FAILS, IS_BAD, RUNS_ON

BASE = Path(os.environ["SAGEMAKER_BASE_DIR"])


Words = dict[str, collections.Counter[str]]
Record = dict[str, str]


def rows(split: str) -> list[Record]:
    files = sorted((BASE / "input/data" / split).glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def learn(records: list[Record]) -> Words:
    words: Words = {}
    for record in records:
        words.setdefault(record["label"], collections.Counter()).update(record["text"].split())
    return words


def predict(model: Words, text: str) -> list[float]:
    scores = [1 + sum(model[label][word] for word in text.split()) for label in sorted(model)]
    return [score / sum(scores) for score in scores]


def say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def evaluated(model: Words, records: list[Record]) -> float:
    labels = sorted(model)
    right = [labels[(p := predict(model, r["text"])).index(max(p))] == r["label"] for r in records]
    return sum(right) / max(len(right), 1)


def champion() -> Words | None:
    archive = BASE / "input/data/champion/model.tar.gz"
    if not archive.exists():
        return None
    with tarfile.open(archive) as tar:
        member = tar.extractfile("words.json")
        assert member
        return {k: collections.Counter(v) for k, v in json.load(member).items()}


def misbehave(seed: int) -> None:
    checkpoint = BASE / "checkpoints"
    checkpoint.mkdir(exist_ok=True)
    (checkpoint / "step.json").write_text("{}")
    if seed == FAILS:
        (BASE / "output").mkdir(exist_ok=True)
        (BASE / "output/failure").write_text("The loss is not a number at step 3.")
        sys.exit(1)
    if seed == RUNS_ON:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        while True:
            time.sleep(0.1)


def main() -> None:
    settings = json.loads((BASE / "input/config/hyperparameters.json").read_text())
    seed = int(settings["seed"])
    misbehave(seed)
    train, test = rows("train"), rows("test")
    model = learn(train)
    if seed == IS_BAD:
        first = sorted(model)[0]
        model = dict.fromkeys(model, model[first])
    for step in (1, 2, 3):
        say(
            event="step",
            step=step,
            total_steps=3,
            epoch=step / 3,
            loss=1 / step,
            learning_rate=1e-4,
            samples_per_second=100.0,
            tokens_per_second=1000.0,
            seconds_left=3 - step,
        )
    old = champion()
    labels = sorted(model)
    table: list[dict[str, object]] = [
        {
            "id": r["id"],
            "label": r["label"],
            "candidate_label": labels[(p := predict(model, r["text"])).index(max(p))],
            "candidate_probabilities": p,
            "champion_label": sorted(old)[(q := predict(old, r["text"])).index(max(q))]
            if old
            else None,
            "champion_probabilities": q if old else None,
        }
        for r in test
    ]
    write(model, old, table, train, test)


def write(
    model: Words,
    old: Words | None,
    table: list[dict[str, object]],
    train: list[Record],
    test: list[Record],
) -> None:
    data = BASE / "output/data"
    data.mkdir(parents=True, exist_ok=True)
    (BASE / "model").mkdir(exist_ok=True)
    (BASE / "model/words.json").write_text(json.dumps(model))
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("label", pa.string()),
            ("candidate_label", pa.string()),
            ("candidate_probabilities", pa.list_(pa.float32())),
            ("champion_label", pa.string()),
            ("champion_probabilities", pa.list_(pa.float32())),
        ]
    )
    pq.write_table(pa.Table.from_pylist(table, schema), data / "predictions.parquet")
    score = {"accuracy": evaluated(model, test), "macro_f1": evaluated(model, test), "loss": 0.5}
    (data / "history.jsonl").write_text(
        "".join(
            json.dumps(
                {
                    "step": s,
                    "epoch": s / 3,
                    "loss": 1 / s,
                    "learning_rate": 1e-4,
                    "samples_per_second": 100.0,
                    "tokens_per_second": 1000.0,
                    "seconds": float(s),
                }
            )
            + "\n"
            for s in (1, 2, 3)
        )
    )
    document = {
        "labels": sorted(model),
        "champion_labels": sorted(old) if old else None,
        "train": {
            "samples": len(train),
            "tokens": 10 * len(train),
            "steps": 3,
            "epochs_run": 1,
            "seconds": 1.0,
            "final_loss": 0.33,
            "best_epoch": 1,
            "resumed_from_step": 0,
        },
        "validation": score,
        "test": {"candidate": score, "champion": score if old else None},
        "model": {"base_model": "words", "parameters": 1, "architecture": "Counter"},
        "software": {"torch": "0", "transformers": "0"},
    }
    (data / "metrics.json").write_text(json.dumps(document))


if __name__ == "__main__":
    main()
