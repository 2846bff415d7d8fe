"""Every way in which a customization job can end has one name and one sentence."""

from datetime import UTC, datetime
from typing import Any

import pytest

from thriftline.runs.domain.endings import Ending
from thriftline.runs.trainers.bedrock.endings import JobPhase, outcome_of, phase_of

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
USERS = [
    "Could not validate GetObject permissions to access Amazon S3 bucket: b at key k",
    "Amazon S3 perms missing (PutObject): b/out/.write_access_check_file.tmp",
    "Unable to parse Amazon S3 file: f. Data files must conform to JSONL format.",
    "Input size exceeded in file f for record starting with...",
    "Maximum input token count 33000 exceeds limit of 32000",
    "Maximum sum of token count 33000 exceeds limit of 32000",
    "Input data at k must follow '{\"prompt\": ...}' format",
    "Automated tests flagged this fine-tuning job as it contains third-party license terms",
    "The provided model identifier is invalid",
    "Uri should be a file, not a directory",
]


@pytest.mark.parametrize("status", ["InProgress", "Stopping"])
def test_a_job_that_runs_or_stops_has_not_ended(status: str) -> None:
    assert outcome_of(status, None) is None


@pytest.mark.parametrize(
    ("status", "message", "limit", "ending", "sentence"),
    [
        ("Completed", None, None, Ending.COMPLETED, "The customization completed."),
        ("Stopped", None, None, Ending.STOPPED, "A person or another program"),
        (
            "Stopped",
            None,
            "3,600 seconds of validation",
            Ending.OUT_OF_RUN_TIME_WITHOUT_CHECKPOINT,
            "stopped at its limit: 3,600 seconds of validation",
        ),
        (
            "Failed",
            "Encountered an unexpected error when processing the request, please try again",
            None,
            Ending.INTERNAL_ERROR,
            "Bedrock failed, not the data",
        ),
        ("Failed", "Something new", None, Ending.UNKNOWN_FAILURE, "does not know: Something new"),
        ("Failed", None, None, Ending.UNKNOWN_FAILURE, "Bedrock gave no reason"),
        ("Paused", None, None, Ending.UNKNOWN_FAILURE, "ended as 'Paused'"),
        *[("Failed", said, None, Ending.USER_ERROR, said) for said in USERS],
    ],
)
def test_an_ended_job_has_a_name_and_a_sentence(
    status: str, message: str | None, limit: str | None, ending: Ending, sentence: str
) -> None:
    outcome = outcome_of(status, message, limit)
    assert outcome is not None
    assert outcome.ending is ending
    assert sentence in outcome.reason


def phase(status: str) -> dict[str, Any]:
    return {"status": status, "creationTime": NOON}


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (None, JobPhase("validation", None)),
        ({}, JobPhase("validation", None)),
        ({"validationDetails": phase("InProgress")}, JobPhase("validation", NOON)),
        (
            {
                "validationDetails": phase("Completed"),
                "dataProcessingDetails": phase("InProgress"),
                "trainingDetails": {"status": "NotStarted"},
            },
            JobPhase("data processing", NOON),
        ),
        (
            {
                "validationDetails": phase("Completed"),
                "dataProcessingDetails": phase("Completed"),
                "trainingDetails": phase("InProgress"),
            },
            JobPhase("training", NOON),
        ),
        (
            {"validationDetails": phase("Failed"), "trainingDetails": phase("NotStarted")},
            JobPhase("validation", NOON),
        ),
        # A phase that is not shown keeps no job in the one before, whose limit would stop it.
        (
            {"validationDetails": phase("Completed"), "trainingDetails": phase("InProgress")},
            JobPhase("training", NOON),
        ),
        ({"trainingDetails": phase("InProgress")}, JobPhase("training", NOON)),
    ],
)
def test_a_job_shows_the_phase_that_it_is_in(details: Any, expected: JobPhase) -> None:
    assert phase_of(details) == expected
