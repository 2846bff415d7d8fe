"""Which records a job and an evaluation take, where they may not take all.

A sample is stratified: each label keeps its share. It is seeded: the same data and seed give the
same records, in whatever order they are read, so that a repeated step writes the same file.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import blake2b
from math import sqrt

from thriftline.core.dataclass import dataclass
from thriftline.core.errors import InvalidRunSpecError
from thriftline.core.wording import counted
from thriftline.runs.trainers.bedrock.families import BaseModel, Customization, RecordLimits

# Of an evaluation that nobody has sized: an interval of 1.3 points either way at 90 % right.
USUAL_EVALUATION_RECORDS = 2_000
# A fast account asks for so long at the most; a slow one asks at least so many records.
EVALUATION_MINUTES = 60
LEAST_EVALUATION_RECORDS = 100
_Z_95 = 1.96


@dataclass(frozen=True)
class FittedRecords:
    """How many records of each split a job takes; the sentences say what was left out and why."""

    train: int
    validation: int
    statements: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """What is trained and validated on."""
        return self.train + self.validation


def fit_records(
    splits: Mapping[str, int], model: BaseModel, customization: Customization = "fine_tuning"
) -> FittedRecords:
    """Returns how many records fit what a base model takes.

    Raises:
        InvalidRunSpecError: there are fewer than it takes.
    """
    limits = model.limits(customization)
    train, validation = splits.get("train", 0), splits.get("validation", 0)
    if train < limits.fewest:
        total = sum(splits.values())
        having = f"{train:,}" if train == total else f"{train:,} of {total:,} for it"
        raise InvalidRunSpecError(
            f"dataset: {model.id} is customized on {limits.fewest:,} training records or more, and "
            f"the data set has {having}. Add records, or say trainer: sagemaker. Nothing was "
            "spent."
        )
    # What is learned from answers that nobody has labelled is not validated by labels.
    takes_validation = model.takes_validation and customization == "fine_tuning"
    kept = _validation_of(validation, limits) if takes_validation else 0
    room = limits.most - kept if limits.together else limits.most
    fitted = min(train, room)
    fitting = FittedRecords(fitted, kept)
    unused = f"{model.id} takes no validation file"
    if model.takes_validation and not takes_validation:
        unused = f"A job of {customization} takes no validation file"
    return replace(fitting, statements=tuple(_statements(splits, fitting, model, limits, unused)))


def _validation_of(validation: int, limits: RecordLimits) -> int:
    most = limits.most_validation
    return min(validation, most, limits.most // 10) if limits.together else min(validation, most)


def _statements(
    splits: Mapping[str, int],
    fitting: FittedRecords,
    model: BaseModel,
    limits: RecordLimits,
    without_validation: str,
) -> Iterable[str]:
    having, validation = splits.get("train", 0), splits.get("validation", 0)
    if fitting.train < having:
        counted = ", training and validation together" if limits.together else ""
        yield (
            f"{model.id} takes at most {limits.most:,} records{counted}: it is trained on a sample "
            f"of {fitting.train:,} of {having:,} records that keeps each label's share."
        )
    if validation and not fitting.validation:
        yield f"{without_validation}; the {validation:,} validation records are unused."
    elif fitting.validation < validation:
        yield f"It is validated on a sample of {fitting.validation:,} of {validation:,} records."


def evaluation_size(
    test: int, wanted: int | None, requests_per_minute: int | None, questions: int
) -> tuple[int, str]:
    """Returns how many test records are asked, and the sentence that says so.

    Args:
        test: the records of the test split.
        wanted: what ``run.yaml`` names, None where it leaves it open.
        requests_per_minute: what the account may ask, None where it is not known.
        questions: how often each record is asked, once for each rival.
    """
    usual = USUAL_EVALUATION_RECORDS
    if requests_per_minute is not None:
        in_time = EVALUATION_MINUTES * requests_per_minute // max(questions, 1)
        usual = min(usual, max(in_time, LEAST_EVALUATION_RECORDS))
    asked = min(test, usual if wanted is None else wanted)
    return asked, _evaluation_statement(asked, test, requests_per_minute, questions)


def _evaluation_statement(asked: int, test: int, rate: int | None, questions: int) -> str:
    which = f"all {test:,} test records, each"
    if asked < test:
        which = f"a sample of {asked:,} of {test:,} test records, each"
    elif test == 1:
        which = "the only test record,"
    time = ""
    if rate:
        minutes = counted(-(-asked * questions // rate), "minute")
        time = f", which takes {minutes} at {counted(rate, 'request')} a minute"
    return (
        f"The evaluation asks {which} {counted(questions, 'time')}{time}; at 90 % right "
        f"that gives an interval of {half_width(asked):.1%} either way."
    )


def half_width(asked: int, accuracy: float = 0.9) -> float:
    """Returns half the 95 % interval of an accuracy that so many records measure."""
    return _Z_95 * sqrt(accuracy * (1 - accuracy) / asked) if asked else 1.0


def shares(counts: Mapping[str, int], most: int) -> dict[str, int]:
    """Returns how many records of each label a sample of ``most`` has.

    Each label keeps its share, rounded such that the sum is exact; one that has records keeps at
    least one where the sample is large enough for that.
    """
    total = sum(counts.values())
    if total <= most:
        return dict(counts)
    having = {label: count for label, count in counts.items() if count > 0}
    base = 1 if most >= len(having) else 0
    room = most - base * len(having)
    spare = total - base * len(having)
    exact = {label: (count - base) * room for label, count in having.items()}
    kept = {label: base + part // spare for label, part in exact.items()}
    by_rest = sorted(having, key=lambda label: (-(exact[label] % spare), label))
    for label in by_rest[: most - sum(kept.values())]:
        kept[label] += 1
    return {label: kept.get(label, 0) for label in counts}


def rank(record_id: str, seed: int) -> int:
    """Returns a record's place in the order by which samples are drawn."""
    digest = blake2b(f"{seed}\n{record_id}".encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def sample(
    records: Iterable[tuple[str, str]], sizes: Mapping[str, int], seed: int
) -> frozenset[str]:
    """Returns the ids of the sample: of each label the first ``sizes`` in order of rank.

    Args:
        records: id and label of each; ids are unique.
        sizes: how many of each label, as ``shares`` gives them.
        seed: of the run.
    """
    kept: dict[str, list[tuple[int, str]]] = {}
    for record_id, label in records:
        heap = kept.setdefault(label, [])
        item = (-rank(record_id, seed), record_id)
        if len(heap) < sizes.get(label, 0):
            heapq.heappush(heap, item)
        elif heap and item > heap[0]:
            heapq.heapreplace(heap, item)
    return frozenset(record_id for heap in kept.values() for _, record_id in heap)
