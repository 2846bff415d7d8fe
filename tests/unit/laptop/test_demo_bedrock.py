"""What the demo of Bedrock shows, and in which order it takes things away."""

import io
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from laptop.demo_bedrock_services import Leftovers, Region, phase_of_attempt
from laptop.demo_bedrock_tables import bars, show_curve, show_evaluation, show_left


class FakeBedrock:
    """One deployment of one model; the deployment is gone at the second look after its end."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.deployments = ["d"]
        self.models = ["m"]
        self._looks_left = 2

    def client(self, service: str, region: str | None = None) -> Any:
        return self

    def list_custom_model_deployments(self) -> dict[str, Any]:
        if "delete d" in self.calls:
            self._looks_left -= 1
            if not self._looks_left:
                self.deployments = []
        rows = [{"customModelDeploymentArn": one} for one in self.deployments]
        return {"modelDeploymentSummaries": rows}

    def list_custom_models(self) -> dict[str, Any]:
        return {"modelSummaries": [{"modelArn": one} for one in self.models]}

    def list_provisioned_model_throughputs(self) -> dict[str, Any]:
        return {"provisionedModelSummaries": []}

    def delete_custom_model_deployment(self, customModelDeploymentIdentifier: str) -> None:
        self.calls.append(f"delete {customModelDeploymentIdentifier}")

    def delete_custom_model(self, modelIdentifier: str) -> None:
        assert not self.deployments, "a deployed model is refused"
        self.calls.append(f"delete {modelIdentifier}")
        self.models.remove(modelIdentifier)


class FakeRuns:
    """A runs table with one run."""

    outputs = {"RunsTableName": "runs"}  # noqa: RUF012

    def __init__(self, **item: Any) -> None:
        self._item = item

    def client(self, service: str) -> Any:
        return self

    def get_item(self, **request: Any) -> dict[str, Any]:
        return {"Item": self._item}


def attempt(number: int, phase: str) -> dict[str, Any]:
    return {"M": {"job_name": {"S": f"job-{number}"}, "secondary_status": {"S": phase}}}


def shown(show: Any, *arguments: Any) -> str:
    console = Console(file=io.StringIO(), width=100)
    show(*arguments, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def scores(accuracy: float) -> dict[str, Any]:
    interval = {"low": accuracy - 0.05, "high": accuracy + 0.05}
    return {"accuracy": accuracy, "intervals": {"accuracy": interval}}


def test_the_models_go_after_their_deployments() -> None:
    bedrock = FakeBedrock()
    region = Region(bedrock, "us-east-1", every_seconds=0)
    assert region.left() == Leftovers(("d",), ("m",), ())
    region.take_away()
    assert bedrock.calls == ["delete d", "delete m"]
    assert not region.left()


def test_the_latest_attempts_phase_is_shown() -> None:
    runs = FakeRuns(attempt_01=attempt(1, "training"), attempt_02=attempt(2, "asking 3 of 9"))
    phase = phase_of_attempt(runs, "r")
    assert phase is not None
    assert (phase.job_name, phase.name) == ("job-2", "asking 3 of 9")
    assert phase_of_attempt(FakeRuns(run_id={"S": "r"}), "r") is None


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [((), 4, ""), ((2.0, 1.0, 0.0), 9, "█▅▁"), ((4.0, 4.0, 0.0, 0.0), 2, "█▁"), ((0.0,), 3, "▁")],
)
def test_a_curve_is_bars(values: Sequence[float], width: int, drawn: str) -> None:
    assert bars(values, width) == drawn


def test_the_curve_has_the_mean_of_each_epoch() -> None:
    curve = [{"step": n, "epoch": (n + 1) / 2, "loss": 4 - n} for n in range(4)]
    assert "loss by epoch: 3.50, 1.50" in shown(show_curve, curve)


def test_the_evaluation_shows_base_and_tuned_with_intervals_and_unparsed() -> None:
    evaluation = {
        "baselines": [
            {"kind": "majority", **scores(0.5), "unparsed": None},
            {"kind": "zero_shot", **scores(0.06), "unparsed": 180},
        ],
        "champion": None,
        "candidate": scores(0.85),
        "answers": {"unparsed": 1, "sentence": "200 of 200 were asked."},
    }
    text = shown(show_evaluation, evaluation)
    assert "the base model, zero-shot     0.060  0.010 to 0.110       180" in text
    assert "tuned                         0.850  0.800 to 0.900         1" in text
    assert "majority" not in text


def test_what_is_left_is_counted_region_by_region() -> None:
    text = shown(show_left, [Region(FakeBedrock(), "us-east-1")])
    assert text.split()[-4:] == ["us-east-1", "1", "1", "0"]
