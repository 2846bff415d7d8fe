"""What the terminals of `make demo` and `make serve` print of a training."""

from dataclasses import replace

from rich.console import Console

from laptop.demo_progress import lines, show
from laptop.follow import Snapshot, Training

JOB = Training(
    job_name="reviews-01",
    secondary_status="Training",
    step=63,
    total_steps=70,
    loss=0.512,
    samples_per_second=45.2,
    seconds_left=3.0,
)


def snapshot(training: Training) -> Snapshot:
    return Snapshot("arn", "RUNNING", [("Open run", 1.0)], "run", training, {})


def logged(*trainings: Training) -> list[str]:
    console = Console(width=80, record=True, force_terminal=False)
    show(iter([snapshot(each) for each in trainings]), console)
    return console.export_text().splitlines()


def test_a_tenth_of_the_training_is_one_line_however_often_it_is_looked_at() -> None:
    later = replace(JOB, step=69, loss=0.498, seconds_left=0.4)
    done = replace(JOB, step=70, loss=0.49, seconds_left=0.0)

    said = logged(JOB, later, done, replace(done, secondary_status="Uploading"))

    assert [line.strip() for line in said if "training " in line] == [
        "training 90 %, loss 0.512, 45 samples/s, 3 s to go",
        "training 100 %, loss 0.490, 45 samples/s",
    ]


def test_scores_are_both_named_and_said_once_each() -> None:
    first = replace(JOB, validation={"accuracy": 0.7, "macro_f1": 0.61, "loss": 0.6})
    second = replace(JOB, validation={"accuracy": 0.72, "macro_f1": 0.66, "loss": 0.5})

    said = logged(first, first, second)

    assert [line.strip() for line in said if "validation" in line] == [
        "on the validation split: accuracy 0.700, macro-F1 0.610",
        "on the validation split: accuracy 0.720, macro-F1 0.660",
    ]


def test_a_picture_of_a_training_fits_80_columns() -> None:
    console = Console(width=80, record=True, force_terminal=True)
    training = replace(JOB, step=1163, total_steps=12070, seconds_left=1230.0)
    training = replace(training, validation={"accuracy": 0.7, "macro_f1": 0.61})

    show(iter([replace(snapshot(training), status="SUCCEEDED")]), console)

    text = console.export_text()
    assert "step 1163/12070, loss 0.512, 45 samples/s, 1230 s to go" in text
    assert "on the validation split: accuracy 0.700, macro-F1 0.610" in text


def test_a_second_job_of_a_run_is_reported_as_the_first_was() -> None:
    keys = [
        {line.key for line in lines(snapshot(replace(JOB, job_name=name)))}
        for name in ("reviews-01", "reviews-02")
    ]

    assert keys[0] & keys[1] == {("state", "Open run")}
