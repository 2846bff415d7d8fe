"""Estimates that follow the project's own finished runs; a processor's speed is known by these."""

from dataclasses import asdict, replace
from decimal import Decimal

from tests.unit.runs.trainers.sagemaker.test_estimate import BERT_BASE, REVIEWS, instances
from thriftline.runs.domain.encoders import WELL_KNOWN, Encoder
from thriftline.runs.domain.finished_runs import FinishedRun
from thriftline.runs.domain.quotes import Expectation
from thriftline.runs.domain.search import Search
from thriftline.runs.trainers.sagemaker.estimate import Job, estimate
from thriftline.runs.trainers.sagemaker.expected_time import JobTerms, Workload
from thriftline.runs.trainers.sagemaker.lessons import Lesson, lessons, work_document

MINILM = WELL_KNOWN["sentence-transformers/all-MiniLM-L6-v2"]


def lesson(seconds: float, rows: int = 25_000, **changes: object) -> Lesson:
    values = {
        "instance_type": "ml.g5.xlarge",
        "instance_count": 1,
        "workload": replace(REVIEWS, train_rows=rows),
        "encoder": BERT_BASE,
        "seconds": seconds,
    }
    return Lesson(**(values | changes))  # type: ignore[arg-type]


def expect(
    *record: Lesson, on: str = "ml.g5.xlarge", work: Workload = REVIEWS, spot: bool = False
) -> Expectation:
    job = Job(work, BERT_BASE, "bert", JobTerms(spot=spot), record)
    return estimate(instances(on), job, max_runtime_seconds=100_000)


def likely(expected: Expectation) -> int:
    assert expected.seconds is not None
    return expected.seconds


def test_slow_runs_raise_the_estimate_and_fast_ones_lower_it() -> None:
    model = likely(expect())

    slow, fast = [lesson(1.6 * model)] * 3, [lesson(0.7 * model)] * 3

    assert model < likely(expect(*slow)) <= 1.6 * model
    assert 0.7 * model <= likely(expect(*fast)) < model
    assert "3 finished runs of the same model on the same type" in expect(*slow).reason


def test_one_run_alone_changes_nothing() -> None:
    assert expect(lesson(99_999)) == expect()


def test_runs_of_another_type_count_or_model_change_nothing() -> None:
    for other in (
        lesson(9_000, instance_type="ml.g6.xlarge"),
        lesson(9_000, instance_count=2),
        lesson(9_000, encoder=MINILM),
    ):
        assert expect(*[other] * 5) == expect()


def test_more_runs_make_the_range_narrower() -> None:
    def width(expected: Expectation) -> float:
        assert expected.low is not None
        assert expected.high is not None
        return expected.high.seconds / expected.low.seconds

    model = likely(expect())
    record = [lesson(1.1 * model)] * 12

    assert width(expect(*record)) < width(expect(*record[:3])) < width(expect())


def test_interruptions_come_on_top_of_what_was_learned() -> None:
    record = [lesson(1.2 * likely(expect()))] * 4

    calm, spot = expect(*record), expect(*record, spot=True)

    assert likely(spot) > likely(calm)
    assert spot.low is not None
    assert calm.low is not None
    assert spot.low.seconds == calm.low.seconds


def on_processors(rows: int, seconds_of_row: float = 4.0, start: float = 30.0) -> Lesson:
    return lesson(start + seconds_of_row * rows, rows, instance_type="ml.m5.xlarge")


def test_a_processor_is_not_estimated_before_three_runs_have_finished_on_it() -> None:
    record = [on_processors(rows) for rows in (5, 10, 40, 80)]

    for known in (0, 1, 2):
        expected = expect(*record[:known], on="ml.m5.xlarge")
        assert expected.usd is None
        assert "until 3 runs of this project" in expected.reason
    assert expect(*record[:3], on="ml.m5.xlarge").usd is not None


def test_a_processors_speed_is_that_of_the_projects_own_runs() -> None:
    record = [on_processors(rows) for rows in (5, 10, 40, 80, 160)]
    work = replace(REVIEWS, train_rows=60)

    expected = expect(*record, on="ml.m5.xlarge", work=work)

    assert 0.85 * 270 < likely(expected) < 1.15 * 270
    assert expected.low is not None
    assert expected.high is not None
    assert expected.low.seconds <= 270 <= expected.high.seconds
    assert expected.usd is not None
    assert expected.usd > Decimal(0)


def test_a_record_is_read_as_a_plan_wrote_it() -> None:
    work = replace(REVIEWS, search=Search(8, 2), is_frozen=False)
    run = FinishedRun(
        "r",
        "sagemaker",
        work_document(work, MINILM),
        {"instance_type": "ml.g5.xlarge", "instance_count": 2},
        700,
        "2026-11-29",
    )

    assert lessons([run], "sagemaker") == (Lesson("ml.g5.xlarge", 2, work, MINILM, 700.0),)


def test_what_another_version_or_trainer_wrote_down_is_left_out() -> None:
    good = FinishedRun(
        "r",
        "sagemaker",
        work_document(REVIEWS, BERT_BASE),
        {"instance_type": "ml.g5.xlarge", "instance_count": 1},
        700,
        "2026-11-29",
    )
    strange = [
        replace(good, trainer="bedrock"),
        replace(good, workload={}),
        replace(good, workload={"workload": {"rows": 3}, "encoder": asdict(BERT_BASE)}),
        replace(good, place={"instance_type": None, "instance_count": 1}),
        replace(good, seconds=0),
    ]

    assert lessons([*strange, good], "sagemaker") == lessons([good], "sagemaker")


def test_a_work_that_is_not_known_is_not_written_down() -> None:
    assert work_document(None, BERT_BASE) == {}
    assert work_document(REVIEWS, None) == {}
    assert Encoder(**work_document(REVIEWS, MINILM)["encoder"]) == MINILM
