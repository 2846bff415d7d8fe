"""A second way to train, all of it: it counts words, on two rungs of different price.

Each function is a process of its own, so what it keeps in mind lies in the artifacts bucket. What
becomes of its attempts is in ``memory_trainer/{project}.json``: one object for each attempt with
``ending`` (null runs on), ``billed_usd`` and ``looks``, how often it is seen to run before.
"""

import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import accumulate
from pathlib import Path
from typing import Any

from arro3.core import Array, DataType, Field, Schema, Table, list_array
from arro3.io import write_parquet

from thriftline.core.aws.buckets import Bucket
from thriftline.core.errors import AllowanceSpentError, EvaluationError
from thriftline.evaluation.job_output import JobOutput
from thriftline.money.prices import Price
from thriftline.runs.domain.abilities import Abilities
from thriftline.runs.domain.attempts import AttemptState
from thriftline.runs.domain.costs import MonthlyCost
from thriftline.runs.domain.endings import Ending
from thriftline.runs.domain.layout import output_prefix, split_prefix
from thriftline.runs.domain.quotes import Candidate, Expectation, Quote, Rung
from thriftline.runs.domain.work import AttemptOrder, TrainingWork
from thriftline.runs.trainers.port import Inputs, TrainedModel, TrainerSite

LEAST_USD = Decimal("0.10")
PRICES = {"small": Decimal("0.50"), "large": Decimal("2.00")}


def memory_trainer(site: TrainerSite) -> "MemoryTrainer":
    """Makes the trainer; the registry calls this."""
    return MemoryTrainer(site.artifacts)


class MemoryTrainer:
    """The port over a few JSON objects."""

    name = "memory"
    inputs = Inputs(("train", "test"))
    abilities = Abilities()

    def __init__(self, artifacts: Bucket) -> None:
        self._artifacts = artifacts

    def quote(self, work: TrainingWork) -> Quote:
        """Two rungs: a training on the large one costs four times that on the small one."""
        small, large = (_rung(name, usd) for name, usd in PRICES.items())
        expected = Expectation(60, Decimal("0.05"), "Words are counted in a minute.")
        return Quote(
            trainer=self.name,
            chosen=Candidate("small", small.rate, small.worst_case_usd, expected),
            rungs=(small, large),
            max_attempts=3,
            basis="one large training at 2.00 USD",
        )

    def month(self, work: TrainingWork, predictions: int) -> MonthlyCost:
        """Words are looked up for nothing."""
        return MonthlyCost(Decimal(0), "Words are looked up for nothing.", fixed_usd=Decimal(0))

    def start(self, order: AttemptOrder) -> AttemptState:
        """Writes the attempt down, unless it is there."""
        if order.left_usd < LEAST_USD:
            raise AllowanceSpentError(f"{order.left_usd} USD pay for no word.")
        key = self._key(order.name, order.work.run_id)
        if self._artifacts.read(key) is None:
            job = {
                "rung": order.rung.name,
                "limit_usd": str(min(order.left_usd, order.rung.worst_case_usd)),
                "created_at": datetime.now(UTC).isoformat(),
                "looks": 0,
                **self._planned(order),
            }
            self._artifacts.write_json(key, json.dumps(job))
        found = self.look(order.name, order.work.run_id, order.rung)
        assert found is not None
        return found

    def look(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """Counts the looks; after some the attempt has ended."""
        body = self._artifacts.read(self._key(name, run_id))
        if body is None:
            return None
        job = json.loads(body)
        job["looks"] += 1
        self._artifacts.write_json(self._key(name, run_id), json.dumps(job))
        ended = job["ending"] is not None and job["looks"] > job["runs_for_looks"]
        ending = Ending(job["ending"]) if ended else None
        billed = Decimal(job["billed_usd"]) if ended else None
        return AttemptState(
            name=name,
            run_id=run_id,
            status="counted" if ended else "counting",
            phase=job["rung"],
            created_at=datetime.fromisoformat(job["created_at"]),
            charged_usd=Decimal(job["limit_usd"]) if billed is None else billed,
            billed_usd=billed,
            undiscounted_usd=billed,
            ending=ending,
            reason=f"The memory said so on the {rung.name} rung." if ended else "",
            model_uri=self._artifacts.uri(self._model_key(name, run_id)) if ended else None,
            facts={"limit_usd": job["limit_usd"]},
        )

    def advance(self, name: str, run_id: str, rung: Rung) -> AttemptState | None:
        """There is nothing to do between two looks."""
        return self.look(name, run_id, rung)

    def stop(self, name: str) -> None:
        """A stopped attempt has ended the next time that it is looked at."""
        run_id = name.rpartition("-")[0]
        job = self._artifacts.read_json(self._key(name, run_id))
        job |= {"ending": Ending.STOPPED.value, "billed_usd": "0.01", "runs_for_looks": 0}
        self._artifacts.write_json(self._key(name, run_id), json.dumps(job))

    def predictions(self, name: str, run_id: str, folder: Path) -> JobOutput:
        """Learns and predicts when it is asked for it: there is so little to do."""
        words = self._words(run_id)
        labels = sorted(words)
        records = [_predicted(words, labels, record) for record in self._records(run_id, "test")]
        if not records:
            raise EvaluationError("There is nothing to predict.")
        right = sum(one["label"] == one["candidate_label"] for one in records) / len(records)
        _write_predictions(folder / "predictions.parquet", records)
        metrics = {"labels": labels, "test": {"candidate": {"accuracy": right}}}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        self._artifacts.write_json(self._model_key(name, run_id), json.dumps(words))
        return JobOutput(folder / "metrics.json", folder / "predictions.parquet", None)

    def model(self, name: str, run_id: str) -> TrainedModel:
        """The words and how often they were counted."""
        return TrainedModel(self._artifacts.uri(self._model_key(name, run_id)), "memory:1")

    def promote(self, name: str, run_id: str, project: str) -> None:
        """The memory serves nobody."""

    def provide(self, name: str, run_id: str) -> None:
        """Nothing costs by the hour."""

    def release(self, name: str, run_id: str, *, registered: bool) -> None:
        """What it keeps costs nothing."""

    def _planned(self, order: AttemptOrder) -> dict[str, Any]:
        script = self._artifacts.read_json(f"memory_trainer/{order.work.project}.json")
        attempt = int(order.name.rpartition("-")[2])
        planned = script[min(attempt, len(script)) - 1]
        return {
            "ending": planned["ending"],
            "billed_usd": planned.get("billed_usd", "0.05"),
            "runs_for_looks": planned.get("looks", 1),
        }

    def _key(self, name: str, run_id: str) -> str:
        return f"{output_prefix(run_id)}{name}/job.json"

    def _model_key(self, name: str, run_id: str) -> str:
        return f"{output_prefix(run_id)}{name}/words.json"

    def _records(self, run_id: str, split: str) -> list[dict[str, str]]:
        shards = [found.key for found in self._artifacts.list(split_prefix(run_id, split))]
        bodies = [self._artifacts.read(key) or b"" for key in shards]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    def _words(self, run_id: str) -> dict[str, Counter[str]]:
        words: dict[str, Counter[str]] = {}
        for record in self._records(run_id, "train"):
            words.setdefault(record["label"], Counter()).update(record["text"].split())
        return words


def _rung(name: str, usd: Decimal) -> Rung:
    price = Price(usd, "training", "here", "Training", "a test", date(2026, 11, 1))
    return Rung(name, price, usd, Decimal("0.00"), {"memory": name})


def _predicted(
    words: dict[str, Counter[str]], labels: list[str], record: dict[str, str]
) -> dict[str, Any]:
    scores = [1 + sum(words[label][word] for word in record["text"].split()) for label in labels]
    return {
        "id": record["id"],
        "label": record["label"],
        "candidate_label": labels[scores.index(max(scores))],
        "candidate_probabilities": [score / sum(scores) for score in scores],
    }


def _write_predictions(path: Path, records: list[dict[str, Any]]) -> None:
    floats = DataType.list(Field("element", DataType.float32()))
    kinds = {name: DataType.utf8() for name in ("id", "label", "candidate_label")}
    columns = [Array([one[name] for one in records], kind) for name, kind in kinds.items()]
    probabilities = [one["candidate_probabilities"] for one in records]
    ends = [0, *accumulate(len(each) for each in probabilities)]
    flat = [each for row in probabilities for each in row]
    columns.append(
        list_array(Array(ends, DataType.int32()), Array(flat, DataType.float32()), type=floats)
    )
    kinds["candidate_probabilities"] = floats
    schema = Schema([Field(name, kind) for name, kind in kinds.items()])
    write_parquet(Table.from_arrays(columns, schema=schema), str(path))
