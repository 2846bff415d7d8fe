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
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

# It is started as a program, the way the training image is, and not as a module.
sys.path.insert(0, str(Path(__file__).parents[3]))
from tests.integration.workflow.quick_train_seeds import FAILS, IS_BAD, RUNS_ON

BASE = Path(os.environ["SAGEMAKER_BASE_DIR"])


Words = dict[str, collections.Counter[str]]
Record = dict[str, Any]


def rows(split: str) -> list[Record]:
    files = sorted((BASE / "input/data" / split).glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def learn(records: list[Record]) -> Words:
    words: Words = {}
    for record in records:
        for label in record.get("labels", [record.get("label")]):
            words.setdefault(label, collections.Counter()).update(set(record["text"].split()))
    return words


def predict_set(model: Words, records: list[Record], text: str) -> list[float]:
    """For each label the largest share of the texts with one of the words that carry it."""
    seen = collections.Counter(word for one in records for word in set(one["text"].split()))
    known = [word for word in text.split() if seen[word] > 5]
    return [max((model[label][w] / seen[w] for w in known), default=0) for label in sorted(model)]


def sets(model: Words, train: list[Record], test: list[Record]) -> list[Record]:
    labels = sorted(model)
    table: list[Record] = []
    for record in test:
        chances = predict_set(model, train, record["text"])
        said = [label for label, chance in zip(labels, chances, strict=True) if chance > 0.9]
        table.append(
            {
                "id": record["id"],
                "label": record["labels"],
                "candidate_label": said,
                "candidate_probabilities": chances,
            }
        )
    return table


def searched(sweep: str) -> Record:
    """What a search leaves that tries its values in turn; the last is the best."""
    name, values = next(iter(json.loads(sweep).items()))
    trials = [
        {
            "trial": number,
            "hyperparameters": {name: value},
            "rung": 1,
            "steps": 1,
            "rung_accuracy": 0.5 + number / 10,
            "rung_macro_f1": 0.5,
            "rung_loss": 1.0,
            "seconds": 1.0,
            "dropped_at": 1 if number + 1 < len(values) else None,
        }
        for number, value in enumerate(values)
    ]
    return {"trials": trials, "winner": trials[-1]}


def predict(model: Words, text: str) -> list[float]:
    scores = [1 + sum(model[label][word] for word in text.split()) for label in sorted(model)]
    return [score / sum(scores) for score in scores]


def say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


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
    sweep = settings["sweep"]
    more = {} if sweep == "none" else {"sweep": searched(sweep)}
    if settings["multi_label"] == "true":
        write(model, None, sets(model, train, test), train, test, more)
        return
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
    write(model, old, table, train, test, more)


def write(
    model: Words,
    old: Words | None,
    table: list[dict[str, object]],
    train: list[Record],
    test: list[Record],
    more: Record,
) -> None:
    label = pa.list_(pa.string()) if "labels" in test[0] else pa.string()
    data = BASE / "output/data"
    data.mkdir(parents=True, exist_ok=True)
    (BASE / "model").mkdir(exist_ok=True)
    (BASE / "model/words.json").write_text(json.dumps(model))
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("label", label),
            ("candidate_label", label),
            ("candidate_probabilities", pa.list_(pa.float32())),
            ("champion_label", label),
            ("champion_probabilities", pa.list_(pa.float32())),
        ]
    )
    pq.write_table(pa.Table.from_pylist(table, schema), data / "predictions.parquet")
    right = sum(row["label"] == row["candidate_label"] for row in table) / len(table)
    score = {"accuracy": right, "macro_f1": right, "loss": 0.5}
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
        **more,
    }
    (data / "metrics.json").write_text(json.dumps(document))


if __name__ == "__main__":
    main()
