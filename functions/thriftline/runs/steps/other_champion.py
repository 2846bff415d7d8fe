"""The champion of another way to train: what it said of the test records that both runs have."""

from dataclasses import replace

from thriftline.core.aws.buckets import Bucket
from thriftline.evaluation.cells import Batch
from thriftline.evaluation.evaluator import EvaluationResult, EvaluationSettings
from thriftline.evaluation.kept_answers import AgainstKept
from thriftline.runs.schemas.plan import PlannedChampion
from thriftline.runs.schemas.run import Run
from thriftline.runs.steps.kept_answers import (
    AnswersToKeep,
    against_champion,
    digests_of_test,
    too_few,
)


class OtherChampion:
    """Compares with a champion that the attempt could not ask, and keeps what its own model said.

    ``champion`` is None where the attempt has asked it, or where there is none.
    """

    def __init__(
        self,
        run: Run,
        champion: PlannedChampion | None,
        labels: tuple[str, ...],
        records: int,
        artifacts: Bucket,
    ) -> None:
        # Records with several labels are not kept: only one way to train knows them.
        several = run.spec.multi_label
        digests = {} if several else digests_of_test(run.run_id, records, artifacts)
        self._run, self._champion, self._artifacts = run, champion, artifacts
        self._own = AnswersToKeep(labels, digests)
        self._found = (
            None if champion is None else against_champion(champion, labels, digests, artifacts)
        )

    def add(self, batch: Batch) -> None:
        """Takes a batch of test records in."""
        self._own.add(batch)
        if isinstance(self._found, AgainstKept):
            self._found.add(batch)

    def compared(
        self, evaluated: EvaluationResult, settings: EvaluationSettings
    ) -> tuple[EvaluationResult, str | None]:
        """Returns the result with the comparison, or why there is none; keeps the answers."""
        self._own.keep(self._run.run_id, self._artifacts)
        if self._champion is None or self._found is None:
            return evaluated, None
        if not isinstance(self._found, AgainstKept):
            return evaluated, self._found.reason
        least = max(1, self._run.spec.gate.minimum_test_size)
        few = too_few(self._champion, self._found.records, least)
        if few:
            return evaluated, few.reason
        found = self._found.result(settings)
        return replace(evaluated, champion=found.champion, comparison=found.comparison), None
