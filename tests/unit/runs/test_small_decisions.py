"""Decisions of a line or two in the runs and their money, at the edges where they turn."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from thriftline.core.causes import own_name, read_cause
from thriftline.core.errors import AllowanceSpentError, BudgetExceededError, InvalidRunSpecError
from thriftline.money.prices import near_matches
from thriftline.runs.domain import layout
from thriftline.runs.domain.attempts import AttemptState, left_of
from thriftline.runs.domain.auto_training import DataShape, NamedSettings, choose
from thriftline.runs.domain.ceilings import Ceilings, RunDemand, refuse_beyond
from thriftline.runs.domain.search import SearchRung, search_rungs
from thriftline.runs.domain.uploads import classify, may_stand_alone, project_of_unread
from thriftline.runs.domain.wait_policy import next_wait_seconds

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CEILINGS = Ceilings(Decimal(20), ("ml.g5.*", "ml.m5.xlarge"), 0.9, 30, 0.05, True, ("sagemaker",))


def _attempt(charged: str = "1", *limits: datetime, minutes: int = 0) -> AttemptState:
    created = NOON - timedelta(minutes=minutes)
    return AttemptState(
        "a", "run", "InProgress", "Training", created, Decimal(charged), limits=limits
    )


def _demand(**facts: object) -> RunDemand:
    dull: dict[str, object] = {
        "instance_types": ("ml.g5.xlarge",),
        "worst_case_usd": Decimal(20),
        "gate_confidence": 0.9,
        "gate_test_size": 30,
        "gate_margin": 0.05,
        "gate_above_majority": True,
    }
    return RunDemand(**{**dull, **facts})  # type: ignore[arg-type]


def test_what_is_just_at_every_ceiling_is_admitted() -> None:
    refuse_beyond(CEILINGS, _demand())
    refuse_beyond(CEILINGS, _demand(instance_types=()))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"instance_types": ("ml.m5.xlarge", "ml.p4d.24xlarge")},
            "training.instance_type: this stack trains on ml.g5.*, ml.m5.xlarge, not on "
            "ml.p4d.24xlarge (its parameter AllowedInstanceTypes). Nothing was spent.",
        ),
        (
            {"gate_confidence": 0.89},
            "gate.confidence must be at least 0.9 in this stack (its parameter "
            "LeastGateConfidence); given was 0.89. Nothing was spent.",
        ),
        (
            {"gate_test_size": 29},
            "gate.minimum_test_size must be at least 30 in this stack (its parameter "
            "LeastGateTestSize); given was 29. Nothing was spent.",
        ),
        (
            {"gate_margin": 0.06},
            "gate.champion_margin may be at most 0.05 in this stack (its parameter "
            "MostGateMargin); given was 0.06. Nothing was spent.",
        ),
        (
            {"gate_above_majority": False},
            "gate.above_majority must be true in this stack (its parameter GateAboveMajority). "
            "Nothing was spent.",
        ),
    ],
)
def test_a_run_beyond_a_ceiling_is_told_which(facts: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRunSpecError) as caught:
        refuse_beyond(CEILINGS, _demand(**facts))
    assert str(caught.value) == said


def test_a_stack_that_does_not_ask_for_more_than_the_majority_admits_less() -> None:
    lax = Ceilings(Decimal(20), ("*",), 0.5, 1, 1.0, False, ("sagemaker",))
    refuse_beyond(lax, _demand(gate_above_majority=False))


def test_a_worst_case_above_the_ceiling_is_refused_with_both_sums() -> None:
    with pytest.raises(BudgetExceededError) as caught:
        refuse_beyond(CEILINGS, _demand(worst_case_usd=Decimal("20.01")))
    assert str(caught.value) == (
        "The worst case of 20.01 USD passes the stack's limit of 20 USD for one run (its parameter "
        "MaxUsdPerRun), whatever budget.max_usd says. Take a cheaper type or a shorter "
        "training.max_runtime_seconds. Nothing was spent."
    )


def test_an_allowance_that_is_spent_to_the_cent_has_nothing_for_another_attempt() -> None:
    assert left_of(Decimal(3), [_attempt("1"), _attempt("1.99")]) == Decimal("0.01")
    assert left_of(Decimal(3), []) == Decimal(3)
    with pytest.raises(AllowanceSpentError) as caught:
        left_of(Decimal(3), [_attempt("1"), _attempt("2")])
    assert str(caught.value) == (
        "The earlier attempts have used 3.0000 USD of the 3 USD that the run may cost; nothing is "
        "left for another."
    )


def test_names_like_a_misspelt_one_are_three_at_most_and_none_far_from_it() -> None:
    names = ["ml.g5.xlarge", "ml.g5.2xlarge", "ml.g5.4xlarge", "ml.g5.8xlarge", "t"]
    assert len(near_matches("ml.g5.xlage", names)) == 3
    assert near_matches("ml.g5.xlage", names)[0] == "ml.g5.xlarge"
    assert near_matches("nothing like it", names) == ()
    assert near_matches("abcdefghij", ["abcdefzzzz", "abcdezzzzz"]) == ("abcdefzzzz",)


@pytest.mark.parametrize(
    ("now", "limits", "seconds"),
    [
        # A share of what has gone by, in whole seconds, between the shortest and the longest.
        (timedelta(minutes=1), (), 15),
        (timedelta(hours=1), (), 162),
        (timedelta(days=30), (), 3600),
        # Half a minute after a limit that is nearer.
        (timedelta(hours=1), (timedelta(hours=1, seconds=10),), 40),
        (timedelta(hours=1), (timedelta(hours=1, seconds=10), timedelta(hours=1, seconds=20)), 40),
        # From a limit that has passed on, as from the start.
        (timedelta(hours=2), (timedelta(hours=1),), 162),
        (timedelta(hours=2), (timedelta(hours=2),), 15),
    ],
)
def test_the_next_look_is_a_share_of_the_time_or_soon_after_a_limit(
    now: timedelta, limits: tuple[timedelta, ...], seconds: int
) -> None:
    attempt = _attempt("1", *(NOON + one for one in limits))
    assert next_wait_seconds(attempt, NOON + now) == seconds


def test_a_search_of_fewer_comparisons_keeps_the_same_share_each_time() -> None:
    assert search_rungs(9, 2) == (SearchRung(9, 1 / 9), SearchRung(3, 1 / 3), SearchRung(1, 1.0))
    assert search_rungs(8, 1) == (SearchRung(8, 1 / 8), SearchRung(1, 1.0))
    assert search_rungs(5, None)[0] == SearchRung(5, 1 / 8)
    assert [rung.trials for rung in search_rungs(5, None)] == [5, 3, 2, 1]


def test_a_step_of_one_short_row_has_a_token() -> None:
    chosen = choose(
        DataShape(rows=1, mean_tokens=1.0, labels=2, width=768), NamedSettings(epochs=1)
    )
    assert chosen.batch_rows is not None
    assert chosen.tokens_of_step(0.001) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Run.yaml", "file 'Run.yaml' is not read; call it run.yaml and upload it again"),
        (
            "a.b.CSV",
            "file 'a.b.CSV' is not read: its ending is '.b.CSV'; write it in small letters, with "
            "no space behind it",
        ),
    ],
)
def test_a_file_that_is_nearly_read_is_told_its_right_name(name: str, reason: str) -> None:
    assert classify(f"datasets/reviews/{name}").reason == reason


def test_the_format_of_an_unread_file_is_its_last_ending() -> None:
    assert "is not read: .xlsx is no format" in classify("datasets/reviews/a.b.xlsx.gz").reason
    assert project_of_unread("datasets/reviews/a.b.xlsx") == "reviews"
    assert project_of_unread("datasets/reviews/.a.xlsx") is None
    assert project_of_unread("datasets/reviews/a.csv") is None
    assert project_of_unread("datasets/reviews/a.unheard") is None
    assert project_of_unread("elsewhere/reviews/a.xlsx") is None


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("reviews.csv", True),
        ("reviews-00001-of-00002.csv", False),
        ("train.csv", True),
        ("train-1.csv", True),
        ("train-2.csv", False),
        ("train-1-of-2.csv", False),
        ("train-1-of-1.csv", True),
        ("test.csv", False),
        ("dev.csv", False),
    ],
)
def test_a_file_may_be_a_whole_data_set_by_its_name(name: str, alone: bool) -> None:
    assert may_stand_alone(name) is alone


def test_a_runs_documents_lie_under_its_own_name() -> None:
    upload = layout.Upload("data", "datasets/Reviews/train.csv", "v1")
    run = layout.run_id_of(upload, "Reviews")
    assert run.startswith("reviews-")
    assert len(run) == len("reviews-") + 16
    assert run != layout.run_id_of(layout.Upload("data", upload.key, "v2"), "Reviews")
    assert run != layout.run_id_of(layout.Upload("other", upload.key, "v1"), "Reviews")
    assert layout.run_id_of(upload, "A" * 19 + "-b").startswith("a" * 19 + "-")
    assert layout.job_name_of("r", 2) == "r-02"
    assert layout.run_prefix("r") == "runs/r/"
    assert layout.scratch_prefix("r") == "scratch/r/"
    assert layout.split_prefix("r", "test") == "scratch/r/splits/test/"
    assert layout.progress_prefix("r") == "checkpoints/r/"
    assert layout.output_prefix("r") == "training/r/"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("States.Timeout", "It took longer than the state allows."),
        (
            "States.HeartbeatTimeout",
            "It gave no sign of life for longer than the state allows.",
        ),
        ("States.DataLimitExceeded", "What it answered is larger than Step Functions takes."),
        (
            "Lambda.TooManyRequestsException",
            "AWS runs no more Lambda functions for the account now.",
        ),
        ("Other", "It failed with Other and gave no reason."),
    ],
)
def test_an_error_without_a_cause_gets_words(error: str, said: str) -> None:
    cause = read_cause(error, "")
    assert (cause.error, cause.message) == (own_name(error), said)


def test_only_step_functions_own_names_are_changed() -> None:
    assert own_name("States.Timeout") == "StateTimeout"
    assert own_name("Some.States.Timeout") == "Some.States.Timeout"
    assert own_name("States.A.States.B") == "StateA.States.B"


def test_a_cause_is_read_wherever_the_reason_stands() -> None:
    killed = "Its Lambda function was killed, most likely because it ran out of memory."
    assert read_cause("E", '{"errorMessage": "a reason"}').message == "a reason"
    assert read_cause("E", '{"errorMessage": 3}').message == '{"errorMessage": 3}'
    assert read_cause("E", '"only a text"').message == "only a text"
    assert read_cause("E", "[1, 2]").message == "[1, 2]"
    assert read_cause("E", "RequestId: 1 Error: Runtime exited with error").message == killed
    assert read_cause("E", "signal: killed").message == killed
    assert (
        read_cause("E", "Task timed out after 3.05 seconds").message
        == "Its Lambda function ran out of time after 3.05 s."
    )
    assert len(read_cause("E", "x" * 9000).message) <= 2001
