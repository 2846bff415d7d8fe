"""An event and a token of one job meet, whichever is first; nothing else is woken."""

import json
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.runs.finished_run import RUN_ID, World, world
from thriftline.runs.domain.layout import job_name_of, run_of_job
from thriftline.runs.schemas.waking import WakeRunRequest
from thriftline.runs.steps.wake_run import wake_run

if TYPE_CHECKING:
    from thriftline.core.aws.executions import Executions

JOB = f"{RUN_ID}-01"


class Waits:
    """Step Functions, as far as tokens go: those that wait, and those that were woken up."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.woken: list[str] = []

    def wake(self, task_token: str, output: dict[str, Any]) -> bool:
        assert output == {}
        if task_token not in self.open:
            return False
        self.open.discard(task_token)
        self.woken.append(task_token)
        return True


class Machine:
    """Calls the step as the machine and EventBridge do."""

    def __init__(self, runs: World) -> None:
        self.runs = runs
        self.waits = Waits()

    def wait(self, token: str, job: str = JOB) -> bool:
        self.waits.open.add(token)
        return self._call(WakeRunRequest(job_name=job, task_token=token))

    def end(self, job: str = JOB) -> bool:
        return self._call(WakeRunRequest(job_name=job))

    def _call(self, request: WakeRunRequest) -> bool:
        executions = cast("Executions", self.waits)
        return wake_run(request, runs=self.runs.runs, executions=executions).woken


@pytest.fixture
def machine() -> Iterator[Machine]:
    with world() as run:
        run.claim()
        yield Machine(run)


def test_an_event_ends_the_wait(machine: Machine) -> None:
    assert not machine.wait("first")
    assert machine.end()
    assert machine.waits.woken == ["first"]


def test_an_event_that_comes_before_the_wait_ends_it_at_once(machine: Machine) -> None:
    assert not machine.end()
    assert machine.wait("first")
    assert machine.waits.woken == ["first"]


def test_an_event_is_used_once(machine: Machine) -> None:
    machine.wait("first")
    machine.end()
    assert not machine.wait("second")
    assert machine.waits.open == {"second"}


def test_an_event_after_the_wait_is_over_is_for_the_next_one(machine: Machine) -> None:
    machine.wait("first")
    machine.waits.open.clear()
    assert not machine.end()
    assert machine.wait("second")


def test_the_event_of_a_former_attempt_ends_no_wait_for_the_next(machine: Machine) -> None:
    machine.end()
    assert not machine.wait("second", f"{RUN_ID}-02")


@pytest.mark.parametrize("job", ["somebody-elses-01", "no-number", f"{RUN_ID}-1", "Bad_Name-01"])
def test_a_job_of_nobody_leaves_nothing_in_the_table(machine: Machine, job: str) -> None:
    assert not machine.end(job)
    run_id = run_of_job(job)
    assert run_id is None or machine.runs.runs.get(run_id) is None


@pytest.mark.parametrize("order", list(permutations(["wait", "end", "end"])))
def test_an_event_twice_ends_a_wait_whatever_the_order(
    machine: Machine, order: tuple[str, ...]
) -> None:
    for index, what in enumerate(order):
        machine.wait(f"token {index}") if what == "wait" else machine.end()
    assert len(machine.waits.woken) == 1


@pytest.mark.parametrize(
    ("source", "detail"),
    [
        ("aws.sagemaker", {"TrainingJobName": JOB, "TrainingJobStatus": "Failed"}),
        ("aws.bedrock", {"jobName": JOB, "jobStatus": "Completed", "version": "0.0"}),
    ],
)
def test_the_events_of_both_services_name_the_job(source: str, detail: dict[str, str]) -> None:
    event = {"version": "0", "source": source, "detail": detail, "resources": []}
    assert WakeRunRequest.model_validate(event) == WakeRunRequest(job_name=JOB)


def test_an_event_of_another_service_is_refused() -> None:
    with pytest.raises(ValidationError):
        WakeRunRequest.model_validate({"source": "aws.s3", "detail": {"jobName": JOB}})


def test_the_sample_event_is_what_the_workflow_sends() -> None:
    sample = json.loads((Path(__file__).parents[3] / "events/wake_run.json").read_text())
    assert WakeRunRequest.model_validate(sample).task_token


@given(st.from_regex(r"[a-z0-9]{1,20}-[0-9a-f]{16}", fullmatch=True), st.integers(1, 150))
def test_the_name_of_a_job_leads_back_to_its_run(run_id: str, attempt: int) -> None:
    assert run_of_job(job_name_of(run_id, attempt)) == run_id
