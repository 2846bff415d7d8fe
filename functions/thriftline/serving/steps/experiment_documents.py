"""Where an experiment is written down: its documents, and what the table knows of it."""

from typing import Any, TypeVar

from pydantic import BaseModel

from thriftline.core.aws.buckets import Bucket
from thriftline.core.kept import UPDATE, reading
from thriftline.serving.aws.endpoints_table import EndpointsTable
from thriftline.serving.domain.experiment_names import (
    ITEMS,
    experiment_item,
    plan_key,
    progress_key,
    result_key,
    state_key,
)
from thriftline.serving.domain.experiment_variants import variant_name
from thriftline.serving.schemas.experiment import Experiment, ExperimentResult, ExperimentState

ENDED = "ended"
_Document = TypeVar("_Document", bound=BaseModel)


class ExperimentDocuments:
    """The documents of experiments in the artifacts bucket, and their items in the table."""

    def __init__(self, artifacts: Bucket, table: EndpointsTable) -> None:
        self.artifacts = artifacts
        self._table = table

    def open(self, experiment: Experiment) -> None:
        """Writes a new experiment down."""
        self.write(experiment)
        self._table.put_first(
            experiment.endpoint,
            experiment_item(experiment.experiment_id),
            {
                "state": "starting",
                "kind": experiment.kind,
                "variant": variant_name(experiment.plan.kind),
                "deadline": experiment.deadline.isoformat(timespec="seconds"),
                "experiment_id": experiment.experiment_id,
                "execution_arn": experiment.execution_arn,
                "token": experiment.token,
            },
        )

    def write(self, experiment: Experiment) -> None:
        """Writes what was fixed."""
        key = plan_key(experiment.endpoint, experiment.experiment_id)
        self.artifacts.write_json(key, experiment.model_dump_json(indent=1))

    def required(self, endpoint: str, experiment_id: str) -> Experiment:
        """Returns an experiment that was opened.

        Raises:
            AwsRequestError: its document is not there.
            UnreadableDocumentError: another version of Thriftline wrote it.
        """
        key = plan_key(endpoint, experiment_id)
        return self._parsed(key, self.artifacts.read_required(key, "Open experiment"), Experiment)

    def state(self, experiment: Experiment) -> ExperimentState:
        """Returns what was counted so far.

        Raises:
            UnreadableDocumentError: another version of Thriftline wrote it.
        """
        key = state_key(experiment.endpoint, experiment.experiment_id)
        body = self.artifacts.read(key)
        return ExperimentState() if body is None else self._parsed(key, body, ExperimentState)

    def write_state(self, experiment: Experiment, state: ExperimentState) -> None:
        """Writes all that was counted, in one piece: a window counts wholly or not at all."""
        key = state_key(experiment.endpoint, experiment.experiment_id)
        self.artifacts.write_json(key, state.model_dump_json())
        item = experiment_item(experiment.experiment_id)
        self._table.update(experiment.endpoint, item, state=state.phase)

    def write_progress(self, result: ExperimentResult) -> None:
        """Writes the result as it stands."""
        key = progress_key(result.endpoint, result.experiment_id)
        self.artifacts.write_json(key, result.model_dump_json(indent=1))

    def result(self, endpoint: str, experiment_id: str) -> ExperimentResult | None:
        """Returns how an experiment ended, None before that.

        Raises:
            UnreadableDocumentError: another version of Thriftline wrote it.
        """
        key = result_key(endpoint, experiment_id)
        body = self.artifacts.read(key)
        return None if body is None else self._parsed(key, body, ExperimentResult)

    def _parsed(self, key: str, body: bytes, model: type[_Document]) -> _Document:
        with reading(self.artifacts.uri(key), UPDATE):
            return model.model_validate_json(body)

    def end(self, result: ExperimentResult) -> str:
        """Writes how an experiment ended; returns the document's URI."""
        key = result_key(result.endpoint, result.experiment_id)
        self.artifacts.write_json(key, result.model_dump_json(indent=1))
        item = experiment_item(result.experiment_id)
        self._table.update(result.endpoint, item, state=ENDED, ending=result.ending)
        return self.artifacts.uri(key)

    def ask_to_stop(self, endpoint: str, experiment_id: str, reason: str) -> None:
        """Lets the next look end the experiment."""
        self._table.update(endpoint, experiment_item(experiment_id), stop=reason)

    def stop_reason(self, experiment: Experiment) -> str | None:
        """Returns why somebody asked to stop, None where nobody did."""
        item = self._table.get(experiment.endpoint, experiment_item(experiment.experiment_id))
        return (item or {}).get("stop")

    def items(self, endpoint: str) -> tuple[dict[str, Any], ...]:
        """Returns what the table knows of an endpoint's experiments, the oldest first."""
        return self._table.items(endpoint, ITEMS)

    def running(self, endpoint: str) -> dict[str, Any] | None:
        """Returns the item of the experiment that has not ended, None without one."""
        return next((one for one in self.items(endpoint) if one["state"] != ENDED), None)

    def of_execution(self, execution_arn: str) -> dict[str, Any] | None:
        """Returns the item of the experiment that an execution owns, None without one."""
        return next(
            (
                item
                for endpoint in self._table.names()
                for item in self.items(endpoint)
                if item["execution_arn"] == execution_arn
            ),
            None,
        )
