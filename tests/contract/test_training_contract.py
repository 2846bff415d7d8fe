"""What the functions and the training program agree on, as data: they never import each other."""

import json
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from local_aws.training.metrics import MetricReader
from thriftline.datasets.report_document import DatasetReport
from thriftline.evaluation.evaluator import EvaluationSettings, Evaluator, LabelSetEvaluator
from thriftline.evaluation.job_output import HISTORY, METRICS, PREDICTIONS
from thriftline.evaluation.label_set_predictions import read_label_sets
from thriftline.evaluation.predictions import Labels, read_predictions
from thriftline.runs.domain.auto_training import DataShape, choose
from thriftline.runs.domain.encoders import WELL_KNOWN
from thriftline.runs.domain.learning import Point
from thriftline.runs.domain.learning import Scores as LearnedScores
from thriftline.runs.domain.search import search_rungs
from thriftline.runs.schemas import search_section
from thriftline.runs.schemas.plan import PlannedTraining
from thriftline.runs.schemas.run import SPLITS
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.search_section import SearchSection
from thriftline.runs.steps.dataset_volume import DatasetVolume
from thriftline.runs.steps.training_work import hyperparameters_of, named_in
from thriftline.runs.trainers.sagemaker.estimate import CANDIDATE_TYPES
from thriftline.runs.trainers.sagemaker.fitting import fits_memory
from thriftline.runs.trainers.sagemaker.job import is_checkpoint
from thriftline.runs.trainers.sagemaker.metric_definitions import metric_definitions
from thriftline.runs.trainers.sagemaker.scaling import Gpus
from thriftline.runs.trainers.sagemaker.training_log import learning_of
from thriftline.runs.trainers.sagemaker.training_request import TrainingOrder, training_request
from training_image import train
from training_image.checkpoints import Checkpoint
from training_image.config import MOST_TRIALS, SIZES, SWEPT, TrainConfig, read_config
from training_image.data import Split, Tokenizer
from training_image.evaluation import Predictions, Scores, score, write_predictions
from training_image.job import Job
from training_image.launch import processes
from training_image.linear_head import INVERSE_L2
from training_image.parallel import STATE_BYTES_PER_WEIGHT
from training_image.progress import Progress, Reporter
from training_image.schedule import Schedule
from training_image.sweep import Trial, row_of, rungs, say_row, teller

IMAGE_README = (Path(train.__file__).parent / "README.md").read_text(encoding="utf-8")


def chosen(spec: RunSpec, rows: int = 100, mean_tokens: float | None = None) -> PlannedTraining:
    data = DataShape(rows=rows, mean_tokens=mean_tokens)
    return PlannedTraining(**asdict(choose(data, named_in(spec.hyperparameters))))


def sent(spec: RunSpec, planned: PlannedTraining | None = None) -> dict[str, str]:
    order = TrainingOrder(
        job_name="r-0123456789abcdef-01",
        run_id="r-0123456789abcdef",
        project="r",
        role_arn="arn:aws:iam::123456789012:role/training",
        image_uri="image",
        artifacts_bucket="artifacts",
        hyperparameters=hyperparameters_of(spec, planned or chosen(spec)),
        splits=SPLITS,
        instance_type="ml.g5.xlarge",
        instance_count=1,
        volume_gib=30,
        max_runtime_seconds=7200,
    )
    hyperparameters: dict[str, str] = training_request(order)["HyperParameters"]
    return hyperparameters


# What the training program can do and run.yaml does not say yet.
NOT_IN_RUN_YAML = {"sharding"}


def test_the_hyperparameters_are_those_that_the_program_knows() -> None:
    known = TrainConfig.__dataclass_fields__.keys() - NOT_IN_RUN_YAML
    pinned = RunSpec(base_model_revision="a" * 40)

    assert sent(pinned).keys() == known
    # An image of an earlier version refuses what it does not know, so this goes where it is named.
    assert known - sent(RunSpec()).keys() == {"base_model_revision"}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"columns": {"text_pair": "hypothesis"}, "seed": 4_294_967_295},
        {"task": "multi-label-classification"},
        {"base_model": "org/model", "base_model_revision": "0123456789abcdef" * 2 + "01234567"},
        {"search": {"learning_rate": [1e-5, 0.1], "trials": 2}},
        {
            "hyperparameters": {
                "epochs": 100,
                "learning_rate": 1e-7,
                "batch_tokens": 1_048_576,
                "max_length": 8,
                "warmup_fraction": 0.99,
                "weight_decay": 1,
                "label_smoothing": 0.99,
                "class_weights": "balanced",
                "eval_metric": "macro_f1",
                "patience": 100,
            }
        },
    ],
)
def test_what_a_run_spec_may_say_the_program_reads_back(spec: dict[str, Any]) -> None:
    wanted = RunSpec.model_validate(spec)

    config = read_config(sent(wanted))

    assert config.base_model == wanted.base_model
    assert config.seed == wanted.seed
    assert config.text_pair == (wanted.columns.text_pair is not None)
    assert config.multi_label == wanted.multi_label
    for name, value in wanted.hyperparameters.model_dump().items():
        if value != "auto":
            assert getattr(config, name) == value
    for name, value in chosen(wanted).model_dump(exclude={"steps"}).items():
        assert getattr(config, name) == value


@given(
    st.integers(1, 50_000),
    st.floats(3, 256),
    st.fixed_dictionaries(
        {},
        optional={
            "epochs": st.integers(1, 20),
            "method": st.sampled_from(["finetune", "linear_head"]),
        },
    ),
)
def test_the_steps_of_the_plan_are_the_steps_of_the_program(
    rows: int, mean_tokens: float, named: dict[str, Any]
) -> None:
    spec = RunSpec.model_validate({"hyperparameters": named})
    planned = chosen(spec, rows, mean_tokens)

    config = read_config(sent(spec, planned))

    # Whatever the texts really have: the estimate of their tokens decides nothing.
    tokens = round(rows * 17.3)
    steps = Schedule(
        rows, tokens, config.batch_tokens, config.epochs, config.seed, config.batch_rows
    ).total_steps
    assert planned.steps == (len(INVERSE_L2) if config.method == "linear_head" else steps)
    assert config.patience >= config.epochs  # so that all of them are made


def test_the_channels_are_those_that_the_program_needs() -> None:
    assert set(train.CHANNELS) == set(SPLITS)


def test_the_metrics_are_picked_out_of_what_the_program_really_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    device = torch.device("cpu")
    progress = Progress(step=1, samples=8, tokens=100)
    reporter = Reporter(progress, 2, device, hourly_rate_usd=Decimal("1.408"))
    progress.step, progress.samples, progress.tokens = 2, 16, 220
    reporter.count(torch.tensor(5.6), 128, 4.5e-05)
    reporter.step(0.5, due=True)
    reporter.evaluation(1.0, Scores(accuracy=0.8, macro_f1=0.79, loss=0.41))
    reporter.close()

    found: dict[str, float] = {}
    reader = MetricReader(metric_definitions())
    lines = capsys.readouterr().out.splitlines()
    for line in lines:
        reader.read(line, None)  # type: ignore[arg-type]
    for metric in reader.final:
        found[metric["MetricName"]] = metric["Value"]

    of_a_gpu = {"train:gpu_memory_gib"}
    assert found.keys() | of_a_gpu == {each["Name"] for each in metric_definitions()}
    assert found["train:usd"] >= 0
    assert found["train:loss"] == pytest.approx(0.7)
    assert found["train:learning_rate"] == 4.5e-05
    assert found["validation:loss"] == 0.41
    assert found["validation:accuracy"] == 0.8
    assert found["validation:macro_f1"] == 0.79
    learned = learning_of(lines)
    assert learned is not None
    assert (learned.step, learned.steps, learned.seconds_left) == (2, 2, 0)
    assert learned.curve == (Point(2, 0.7),)
    assert learned.validation == (LearnedScores(2, 0.41, 0.8, 0.79),)


def test_the_metrics_take_nothing_from_the_trials_of_a_sweep(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress(step=1, samples=8, tokens=100)
    reporter = Reporter(progress, 2, torch.device("cpu"), tell=teller(trial=3, rung=1))
    progress.step, progress.samples, progress.tokens = 2, 16, 220
    reporter.count(torch.tensor(5.6), 128, 4.5e-05)
    reporter.step(0.5, due=True)
    scores = Scores(accuracy=0.8, macro_f1=0.79, loss=0.41)
    reporter.evaluation(1.0, scores)
    reporter.close()
    trial = Trial(3, {"learning_rate": 1e-5}, TrainConfig("tiny"), Job(Path("ml")), 8)
    say_row(row_of(trial, 1, progress, scores), trial)

    lines = capsys.readouterr().out.splitlines()
    reader = MetricReader(metric_definitions())
    for line in lines:
        reader.read(line, None)  # type: ignore[arg-type]

    assert [json.loads(line)["event"] for line in lines] == [
        "trial_step",
        "trial_evaluation",
        "trial",
    ]
    assert reader.final == []


def test_a_checkpoint_of_the_program_is_recognised_in_the_bucket() -> None:
    checkpoint = Checkpoint(step=40, spec={}, progress={}, tensors={}, best_weights={}, scaler={})

    assert is_checkpoint(f"checkpoints/r/{checkpoint.name}/state.json")
    assert is_checkpoint(f"checkpoints/r/sweep/trial-03/{checkpoint.name}/state.json")


def test_what_the_plan_needs_of_the_data_set_is_in_its_report() -> None:
    assert DatasetVolume.model_fields.keys() <= DatasetReport.model_fields.keys()


# Claims: what the plan, the request and the program's README say of each other.


ALL_SEARCHED = {
    "learning_rate": [1e-7, 0.1],
    "epochs": [1, 100],
    "batch_tokens": [64, 1_048_576],
    "warmup_fraction": [0.0, 0.5],
    "lr_schedule": ["linear", "cosine"],
    "layer_decay": [0.1, 1.0],
    "weight_decay": [0.0, 1.0],
    "label_smoothing": [0.0, 0.5],
}


def test_a_search_may_try_what_the_program_can_vary_within_the_same_bounds() -> None:
    assert ALL_SEARCHED.keys() == set(SWEPT)
    assert SearchSection.model_fields.keys() == {*SWEPT, *SIZES}
    spec = RunSpec.model_validate({"search": {**ALL_SEARCHED, "trials": 16, "rungs": 4}})

    config = read_config(sent(spec))

    assert config.sweep == {**ALL_SEARCHED, "trials": 16, "rungs": 4}
    assert MOST_TRIALS == search_section.MOST_TRIALS


@given(st.integers(2, MOST_TRIALS), st.none() | st.integers(1, 4))
def test_the_plan_counts_the_rungs_that_the_program_climbs(trials: int, wanted: int | None) -> None:
    planned = search_rungs(trials, wanted)
    climbed = rungs(trials, wanted)

    assert [(one.trials, one.share) for one in planned] == [
        (one.trials, one.share) for one in climbed
    ]


@pytest.mark.parametrize("instance_type", CANDIDATE_TYPES)
def test_the_estimate_counts_the_gpus_on_which_the_program_starts_processes(
    instance_type: str,
) -> None:
    gpus = Gpus.of(instance_type, 1)
    assert gpus is not None
    # torch sees the type's GPUs; here there are none, so they are named.
    seen = {"THRIFTLINE_PROCESSES": str(gpus.count)}
    assert processes(seen) == gpus.count
    assert "starts one process for each GPU" in IMAGE_README
    assert "each trial has one GPU" in IMAGE_README


def test_the_parameters_of_a_checkpoint_fit_into_what_the_estimate_counts() -> None:
    # Weights, gradients and two moments in fp32, in the plan and in the program's own choice.
    encoder = WELL_KNOWN["google-bert/bert-base-uncased"]
    least = encoder.parameters * STATE_BYTES_PER_WEIGHT
    for name in CANDIDATE_TYPES:
        gpus = Gpus.of(name, 1)
        assert gpus is not None
        assert fits_memory(encoder, gpus) == (
            least <= gpus.gpu.memory_gib * 2**30 * 0.5 * gpus.count
        )


def test_the_files_of_an_evaluation_are_those_that_the_program_says_it_writes() -> None:
    for name in (METRICS, PREDICTIONS, HISTORY):
        assert f"`output/data/{name}`" in IMAGE_README


def written_split(
    folder: Path, truth: npt.NDArray[np.integer[Any]], labels: tuple[str, ...]
) -> Split:
    """Returns rows of which the program has kept the ids alone."""
    names = [f"rows.csv:{number}" for number in range(len(truth))]
    ends = np.cumsum([0, *(len(name) for name in names)], dtype=np.int64)
    (folder / "ids.bin").write_bytes("".join(names).encode())
    (folder / "id_offsets.bin").write_bytes(ends.tobytes())
    offsets = np.arange(len(truth) + 1, dtype=np.int64)
    tokenizer = Tokenizer(None, 0, 10, has_pair_types=False)
    tokens = np.zeros(len(truth), np.uint16)
    return Split(tokens, offsets, offsets[1:], labels, truth, tokenizer, "digest", folder)


@pytest.mark.parametrize("multi_label", [False, True])
def test_the_predictions_that_the_program_writes_are_read(
    tmp_path: Path, multi_label: bool
) -> None:
    labels = ("a", "b")
    truth = np.array([[1, 0], [1, 1], [0, 0]] if multi_label else [0, 1, 1])
    split = written_split(tmp_path, truth, labels)
    likelihood = np.log(np.array([[0.9, 0.1], [0.6, 0.4], [0.3, 0.7]], dtype=np.float32))
    answers = Predictions(labels, likelihood, multi_label)
    path = tmp_path / PREDICTIONS
    write_predictions(path, split, answers, answers)

    settings = EvaluationSettings("macro_f1", 0.0, 0.95, 1)
    sets, single = LabelSetEvaluator(labels, True), Evaluator(labels, True)
    with path.open("rb") as source:
        if multi_label:
            for some in read_label_sets(source, Labels(labels, labels)):
                sets.add(some)
        else:
            for batch in read_predictions(source, Labels(labels, labels)):
                single.add(batch)
    scores = (sets if multi_label else single).result(settings).candidate

    own = score(answers, split)
    assert scores.accuracy == pytest.approx(own.accuracy)
    assert scores.macro_f1 == pytest.approx(own.macro_f1)


def test_a_job_goes_on_from_the_checkpoints_of_the_run_and_not_of_the_attempt() -> None:
    first, second = (
        training_request(
            TrainingOrder(
                job_name=f"r-0123456789abcdef-0{attempt}",
                run_id="r-0123456789abcdef",
                project="r",
                role_arn="arn:aws:iam::123456789012:role/training",
                image_uri="image",
                artifacts_bucket="artifacts",
                hyperparameters=hyperparameters_of(RunSpec(), chosen(RunSpec())),
                splits=SPLITS,
                instance_type="ml.g5.xlarge",
                instance_count=count,
                volume_gib=30,
                max_runtime_seconds=7200,
            )
        )
        for attempt, count in ((1, 1), (2, 4))
    )
    assert first["CheckpointConfig"] == second["CheckpointConfig"]
    # The place that the program reads and writes, and what it compares a checkpoint by.
    assert first["CheckpointConfig"]["LocalPath"] == str(Job(Path("/opt/ml")).checkpoints)
    configs = [read_config(one["HyperParameters"]) for one in (first, second)]
    assert configs[0].spec == configs[1].spec
    assert "may be\n  resumed with another number of processes" in IMAGE_README
