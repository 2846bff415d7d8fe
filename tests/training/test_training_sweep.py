"""A sweep finds the better hyperparameters for a fraction of their cost, and survives a stop."""

import json
import math
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.training.tiny import DEFAULTS, Result, StopAt, TinyJob
from training_image.config import MOST_TRIALS, TrainConfig, read_config
from training_image.evaluation import Scores
from training_image.job import DivergedError, Job, JobError, StopSignal
from training_image.parallel import Ranks
from training_image.progress import Progress
from training_image.sweep import Rung, Sweep, combinations, rungs
from training_image.train import run
from training_image.training import Training

if TYPE_CHECKING:
    from training_image.data import Split

pytestmark = pytest.mark.training

# All but the third learn next to nothing.
RATES = {"learning_rate": [1e-7, 2e-7, 0.01, 3e-7]}
SWEEP = json.dumps(RATES)
QUICK = {"batch_tokens": "96", "warmup_fraction": "0"}
BEST = {"trial": 2, "hyperparameters": {"learning_rate": 0.01}}


@pytest.fixture(scope="module")
def counting() -> StopAt:
    """Returns what counted how often the uninterrupted sweep could have been stopped."""
    return StopAt()


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory, base_model: Path, counting: StopAt) -> Result:
    """Returns an uninterrupted sweep."""
    job = TinyJob.make(tmp_path_factory.mktemp("swept"), base_model, None, sweep=SWEEP, **QUICK)
    result = job.run_here(counting)
    assert result.code == 0, result.stderr
    return result


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory, base_model: Path) -> Result:
    """Returns a run with the best trial's hyperparameters, without a sweep."""
    folder = tmp_path_factory.mktemp("plain")
    return TinyJob.make(folder, base_model, None, learning_rate="0.01", **QUICK).run_here()


def pairs(*results: Result) -> list[tuple[int, int]]:
    return [(line["trial"], line["rung"]) for each in results for line in each.of("trial")]


def without_seconds(result: Result) -> Any:
    table = result.metrics["sweep"]
    return {**table, "trials": [{**row, "seconds": 0} for row in table["trials"]]}


def test_the_best_trial_wins_and_is_the_very_run_that_its_hyperparameters_give(
    swept: Result, plain: Result
) -> None:
    assert swept.metrics["sweep"]["winner"] == BEST
    assert swept.weights == plain.weights
    assert swept.metrics["test"] == plain.metrics["test"]
    for name in ("steps", "samples", "tokens", "best_epoch", "resumed_from_step"):
        assert swept.metrics["train"][name] == plain.metrics["train"][name]


def test_the_table_has_every_trial_with_where_it_was_dropped(swept: Result) -> None:
    trials = swept.metrics["sweep"]["trials"]
    assert [row["hyperparameters"]["learning_rate"] for row in trials] == RATES["learning_rate"]
    assert sorted(row["dropped_at"] or 0 for row in trials) == [0, 1, 1, 2]
    assert trials[2]["dropped_at"] is None
    steps = swept.metrics["train"]["steps"]
    assert {row["steps"] for row in trials} == {math.ceil(steps / 4), math.ceil(steps / 2)}
    lines = [json.loads(line) for line in (swept.data / "sweep.jsonl").read_text().splitlines()]
    assert [(line["trial"], line["rung"]) for line in lines] == pairs(swept)
    assert len(lines) == 4 + 2
    assert all(0 <= line["rung_accuracy"] <= 1 and line["rung_loss"] > 0 for line in lines)


def test_what_it_costs_at_most_is_said_before(swept: Result) -> None:
    said = swept.events[0]
    assert said["event"] == "sweep"
    assert [rung["trials"] for rung in said["rungs"]] == [4, 2, 1]
    steps = swept.metrics["train"]["steps"]
    assert said["at_most_epochs"] == 4 * (1 + 2 / 2)
    trained = sum(row["steps"] for row in swept.metrics["sweep"]["trials"] if row["dropped_at"])
    assert trained + steps <= said["at_most_steps"] <= 2 * steps + 4


def test_survivors_go_on_from_their_own_state(swept: Result) -> None:
    for trial, _ in (pair for pair in pairs(swept) if pair[1] == 2):
        at_rung = next(line["steps"] for line in swept.of("trial") if line["trial"] == trial)
        resumed = [
            line for line in swept.of("trial_step") if (line["trial"], line["rung"]) == (trial, 2)
        ]
        assert resumed[0]["trial_step"] == at_rung + 1
    second = next(
        line for line in swept.of("trial") if pairs(swept)[4] == (line["trial"], line["rung"])
    )
    assert swept.of("start")[0]["resumed_from_step"] is None
    assert swept.of("step")[0]["step"] == second["steps"] + 1


def test_states_that_nobody_needs_any_more_are_removed(swept: Result) -> None:
    folder = swept.base / "checkpoints" / "sweep"
    assert sorted(path.name for path in folder.iterdir()) == ["sweep.json", "trial-02"]


@pytest.mark.parametrize("share", [0.03, 0.45, 0.95])
def test_an_interrupted_sweep_resumes_to_the_same_winner_and_weights(
    swept: Result, counting: StopAt, base_model: Path, tmp_path: Path, share: float
) -> None:
    job = TinyJob.make(tmp_path / "job", base_model, None, sweep=SWEEP, **QUICK)
    stopped = job.run_here(StopAt(max(1, round(counting.checks * share))))
    assert stopped.code == 143
    resumed = job.run_here()
    assert resumed.code == 0, resumed.stderr
    assert pairs(stopped, resumed) == pairs(swept)
    assert without_seconds(resumed) == without_seconds(swept)
    assert resumed.weights == swept.weights


@pytest.fixture(scope="module")
def interrupted(
    tmp_path_factory: pytest.TempPathFactory, base_model: Path, swept: Result, counting: StopAt
) -> TinyJob:
    """Returns a sweep that was stopped in its last two rungs."""
    assert swept.code == 0  # so that its stops are counted
    job = TinyJob.make(
        tmp_path_factory.mktemp("interrupted"), base_model, None, sweep=SWEEP, **QUICK
    )
    assert job.run_here(StopAt(round(counting.checks * 0.7))).code == 143
    assert (job.base / "checkpoints" / "sweep" / "sweep.json").exists()
    return job


@pytest.mark.parametrize("rows", [None, 0, 3])
def test_a_list_of_results_that_is_damaged_or_older_than_the_checkpoints_changes_nothing(
    swept: Result, interrupted: TinyJob, tmp_path: Path, rows: int | None
) -> None:
    shutil.copytree(interrupted.base, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "checkpoints" / "sweep" / "sweep.json"
    state = json.loads(file.read_text())
    file.write_text("{" if rows is None else json.dumps({**state, "rows": state["rows"][:rows]}))
    resumed = TinyJob(tmp_path).run_here()
    assert bool(resumed.of("warning")) == (rows is None)
    assert without_seconds(resumed) == without_seconds(swept)
    assert resumed.weights == swept.weights


def test_the_state_of_another_sweep_is_refused(interrupted: TinyJob, tmp_path: Path) -> None:
    shutil.copytree(interrupted.base, tmp_path, dirs_exist_ok=True)
    job = TinyJob(tmp_path)
    job.set(**{**DEFAULTS, **QUICK, "sweep": SWEEP, "max_length": "31"})
    refused = job.run_here()
    assert refused.code == 1
    assert "checkpoints/sweep is of another run: max_length" in refused.failure


def test_it_is_off_unless_asked_for(clean: Result) -> None:
    assert TrainConfig(base_model="tiny").sweep is None
    assert read_config({**DEFAULTS, "sweep": "none"}) == read_config(DEFAULTS)
    assert "sweep" not in read_config(DEFAULTS).spec  # older checkpoints do not have it either
    assert "sweep" not in clean.metrics
    assert not (clean.data / "sweep.jsonl").exists()
    assert not {"sweep", "trial", "rung"} & {line["event"] for line in clean.events}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("often", "sweep is 'often' but must be none, or a JSON object"),
        ("[1]", "sweep is '[1]' but must be none, or a JSON object"),
        ("{}", "sweep is '{}' but must be none, or a JSON object"),
        (
            '{"learning_rte": [1, 2]}',
            "sweep: 'learning_rte' is unknown, did you mean learning_rate?",
        ),
        ('{"seed": [1, 2]}', "sweep: 'seed' is unknown"),
        ('{"epochs": 3}', "sweep: epochs is 3 but must be a list of values"),
        ('{"epochs": [1, 2.5]}', "sweep: epochs is '2.5' but must be a whole number from 1 to 100"),
        (
            '{"learning_rate": [1e-5, 7]}',
            "sweep: learning_rate is '7' but must be a number above 0",
        ),
        ('{"lr_schedule": ["linear", null]}', "sweep: lr_schedule is 'null' but must be linear or"),
        ('{"epochs": [2, 2]}', "sweep: epochs has a value twice"),
        ('{"epochs": [2]}', "sweep: there is one combination of its values"),
        ('{"epochs": [1, 2], "rungs": 2}', "sweep: rungs must be at most 1 for 2 trials"),
        ('{"epochs": [1, 2], "trials": 17}', "sweep: trials is 17 but must be a whole number from"),
        ('{"epochs": [1, 2], "trials": true}', "sweep: trials is True but must be a whole number"),
        (
            json.dumps({"epochs": [1, 2, 3, 4, 5], "batch_tokens": [64, 65, 66, 67]}),
            "sweep: there are 20 combinations of its values, but 16 trials at most",
        ),
    ],
)
def test_an_impossible_sweep_is_refused_by_name(text: str, sentence: str) -> None:
    with pytest.raises(JobError) as error:
        read_config({**DEFAULTS, "sweep": text})
    assert sentence in str(error.value)


@given(
    text=st.text(max_size=30)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["epochs", "learning_rate", "trials", "x"]), inner)
        ),
        max_leaves=10,
    ).map(json.dumps)
)
def test_any_text_is_a_sweep_or_refused_with_one_sentence(text: str) -> None:
    try:
        sweep = read_config({**DEFAULTS, "sweep": text}).sweep
    except JobError as error:
        told = str(error)
    else:
        told = f"sweep of {len(combinations(sweep, 7)) if sweep else 2}"
        assert told in {f"sweep of {trials}" for trials in range(2, MOST_TRIALS + 1)}
    assert "sweep" in told


def test_a_larger_grid_is_drawn_from_with_the_seed() -> None:
    sweep = {"epochs": [1, 2, 3, 4, 5], "learning_rate": [1e-5, 2e-5, 3e-5, 4e-5], "trials": 6}
    drawn = combinations(sweep, 1)
    assert len({tuple(each.values()) for each in drawn}) == 6
    assert drawn == combinations(sweep, 1)
    assert drawn != combinations(sweep, 2)
    assert len(combinations({**sweep, "epochs": [1], "trials": 6}, 1)) == 4


@given(trials=st.integers(2, MOST_TRIALS))
def test_a_sweep_costs_no_more_than_one_training_and_half_of_one_for_each_halving(
    trials: int,
) -> None:
    halvings = math.ceil(math.log2(trials))
    found, start, cost = rungs(trials), 0.0, 0.0
    for rung in found:
        cost += rung.trials * (rung.share - start)
        start = rung.share
    assert cost <= 1 + halvings / 2
    assert found[-1] == Rung(1, 1.0)
    assert found[0].trials == trials
    if trials == 2**halvings:
        assert cost == 1 + halvings / 2


@given(trials=st.integers(2, MOST_TRIALS), wanted=st.integers(1, 4))
def test_fewer_rungs_cost_no_more_and_leave_one_trial(trials: int, wanted: int) -> None:
    found, start, cost = rungs(trials, wanted), 0.0, 0.0
    for rung in found:
        cost += rung.trials * (rung.share - start)
        start = rung.share
    assert len(found) == min(wanted, math.ceil(math.log2(trials))) + 1
    assert found[0].trials == trials
    assert found[-1] == Rung(1, 1.0)
    assert all(a.trials > b.trials for a, b in pairwise(found))
    assert cost <= 1 + trials.bit_length() / 2 + 0.5


def test_several_instances_are_refused(base_model: Path, tmp_path: Path) -> None:
    job = Job(TinyJob.make(tmp_path, base_model, None, sweep=SWEEP, **QUICK).base)

    class Machines(Ranks):
        def gather(self, value: Any) -> list[Any]:
            return [value, value + 1]

    with pytest.raises(JobError, match="a sweep runs on one instance, and this job has 2"):
        run(job, StopSignal(), tmp_path, Machines(world=2))


class Scripted:
    """A training that goes at once where it should, and scores there what a table says."""

    def __init__(self, scores: tuple[float, float | None]) -> None:
        self.progress, self.recovery, self.checkpoints = Progress(), self, self
        self.resumed_from_step: int | None = 1
        self._accuracy, self._loss = scores

    def fit(self, until: int, _tell: object) -> None:
        self.progress.step = until

    def validate(self) -> Scores:
        if self._loss is None:
            raise DivergedError("The loss is not a number.")
        return Scores(self._accuracy, 0.5, self._loss)

    def save_last(self) -> None:
        pass

    finish = save_last


def scripted(folder: Path, scores: dict[float, tuple[float, float | None]]) -> Sweep:
    """Returns a sweep whose trials' accuracy and loss are those given for each learning rate."""
    config = TrainConfig(base_model="tiny", sweep={"learning_rate": list(scores)})
    split = cast(
        "Split", type("Rows", (), {"digest": "d", "tokens": [0] * 64, "__len__": lambda _: 8})()
    )

    def start(_job: Job, config: TrainConfig, _ranks: Ranks) -> Training:
        return cast("Training", Scripted(scores[config.learning_rate]))

    return Sweep(Job(folder), config, {"train": split, "validation": split}, start)


def test_equal_metrics_are_told_apart_by_the_loss(tmp_path: Path) -> None:
    sweep = scripted(tmp_path, {0.01: (0.9, 0.4), 0.02: (0.9, 0.3), 0.03: (0.8, 0.1)})
    sweep.search()
    assert sweep.table()["winner"]["trial"] == 1
    assert [row["dropped_at"] for row in sweep.table()["trials"]] == [2, None, 1]


def test_a_trial_that_diverges_is_dropped_with_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = scripted(
        tmp_path, {0.01: (0, None), 0.02: (0, None), 0.03: (0.8, 0.1), 0.04: (0, None)}
    )
    sweep.search()
    assert sweep.table()["winner"]["trial"] == 2
    assert capsys.readouterr().out.count('"warning"') == 3


def test_a_sweep_whose_trials_all_diverge_fails_and_says_so(tmp_path: Path) -> None:
    sweep = scripted(tmp_path, {0.01: (0, None), 0.02: (0, None)})
    with pytest.raises(JobError, match="every trial of the sweep"):
        sweep.search()
