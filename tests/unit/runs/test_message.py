"""The message that a person gets."""

from dataclasses import replace
from decimal import Decimal
from typing import Any, get_args

import pytest

from thriftline.runs.reports.advice import advice_of
from thriftline.runs.reports.message import EndedRun, message_of
from thriftline.runs.schemas.result import Status

ENDED = EndedRun(
    run_id="reviews-1",
    project="reviews",
    status="failed",
    reason="The loss became NaN.",
    state="Poll training",
    error="TrainingFailedError",
    uploaded="s3://data/datasets/reviews/a.csv",
    metrics=None,
    billed_usd=None,
    expected_usd=None,
    worst_case_usd=None,
    spot_saving=None,
    model_package_arn=None,
    report="s3://artifacts/runs/reviews-1/report.html",
)


def test_the_subject_names_project_ending_and_state() -> None:
    assert message_of(ENDED).title == "Thriftline: reviews failed in Poll training"
    assert (
        message_of(replace(ENDED, project=None, state=None)).title == "Thriftline: reviews-1 failed"
    )


def test_an_unknown_cost_is_said_to_be_unknown() -> None:
    assert "Cost:     not known yet\n" in message_of(ENDED).text


@pytest.mark.parametrize(
    ("usd", "said"), [("0", "$0.00"), ("0.0373", "$0.0373"), ("0.5183", "$0.52"), ("12", "$12.00")]
)
def test_dollars_are_rounded_to_what_matters(usd: str, said: str) -> None:
    assert f"{said} billed" in message_of(replace(ENDED, billed_usd=Decimal(usd))).text


@pytest.mark.parametrize("status", get_args(Status))
def test_every_ending_says_why_and_where_to_read_on(status: Any) -> None:
    body = message_of(replace(ENDED, status=status)).text
    assert "The loss became NaN." in body
    assert ENDED.report in body


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("InvalidRunSpecError", "Fix run.yaml and upload it again, it alone"),
        ("BudgetExceededError", "Change the settings in run.yaml and upload it again, it alone"),
        ("DatasetRejectedError", "Fix the files and upload them again"),
        (None, "Fix the files and upload them again"),
    ],
)
def test_a_rejected_run_says_which_file_to_upload_again(error: str | None, advice: str) -> None:
    assert advice in message_of(replace(ENDED, status="rejected", error=error)).text
    assert advice in advice_of("rejected", error)
