"""Keeps what a run's model said of its test records, and finds it for a later champion."""

import orjson

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.wording import counted
from thriftline.datasets.engine.row_digests import digest_of_row
from thriftline.evaluation.cells import Batch
from thriftline.evaluation.document import Evaluation
from thriftline.evaluation.kept_answers import (
    AgainstKept,
    KeptAnswer,
    from_bytes,
    to_bytes,
)
from thriftline.runs.domain.layout import run_prefix, split_prefix
from thriftline.runs.schemas.plan import PlannedChampion
from thriftline.runs.steps.run_documents import document_if_made

KEPT_ANSWERS = "test_answers.parquet"
# Of more, no answers are kept: some twenty megabytes, and seconds of reading.
_MOST_RECORDS = 200_000


@dataclass(frozen=True)
class Incomparable:
    """Why a champion cannot be compared with; the end of a sentence."""

    reason: str


def digests_of_test(run_id: str, records: int, artifacts: Bucket) -> dict[str, int]:
    """Returns by its name what stands for each record of the test split; none of a large one."""
    if records > _MOST_RECORDS:
        return {}
    found: dict[str, int] = {}
    for shard in artifacts.list(split_prefix(run_id, "test")):
        for line in (artifacts.read(shard.key) or b"").splitlines():
            record = orjson.loads(line)
            found[record["id"]] = digest_of_row(record["text"], record.get("text_pair"))
    return found


class AnswersToKeep:
    """Takes the batches of a candidate's predictions in, and writes what it said."""

    def __init__(self, labels: tuple[str, ...], digests: dict[str, int]) -> None:
        # Past the labels stand no answer, and a word that is none of them.
        self._words: tuple[str | None, ...] = (*labels, None, None)
        self._digests = digests
        self._answers: dict[int, KeptAnswer] = {}

    def add(self, batch: Batch) -> None:
        """Takes a batch of test records in."""
        rows = zip(batch.ids, batch.truth.tolist(), batch.candidate.tolist(), strict=True)
        for name, truth, said in rows:
            label = self._words[truth]
            if name in self._digests and label is not None:
                self._answers[self._digests[name]] = KeptAnswer(label, self._words[said])

    def keep(self, run_id: str, artifacts: Bucket) -> None:
        """Writes them where they outlive the run's scratch."""
        if self._answers:
            key = run_prefix(run_id) + KEPT_ANSWERS
            artifacts.write(key, to_bytes(self._answers), "application/vnd.apache.parquet")


def against_champion(
    champion: PlannedChampion,
    labels: tuple[str, ...],
    digests: dict[str, int],
    artifacts: Bucket,
) -> AgainstKept | Incomparable:
    """Returns what compares a candidate with a champion that this run could not ask."""
    made = f"{champion.trainer} made it"
    unkept = Incomparable(f"{made}, and no answers of its run to its test records are kept")
    if champion.run_id is None:
        return unkept
    body = artifacts.read(run_prefix(champion.run_id) + KEPT_ANSWERS)
    evaluation = document_if_made(artifacts, champion.run_id, "evaluation.json", Evaluation)
    if body is None or evaluation is None:
        return unkept
    if set(evaluation.labels) != set(labels):
        return Incomparable(f"{made}, for other labels")
    return AgainstKept(labels, from_bytes(body), digests)


def too_few(champion: PlannedChampion, records: int, least: int) -> Incomparable | None:
    """Returns why so few common records are no ground to compare on."""
    if records >= least:
        return None
    return Incomparable(
        f"{champion.trainer} made it, and of this run's test records its run has answers to "
        f"{counted(records, 'record')} only, where gate.minimum_test_size asks for {least}"
    )
