"""Reading what Step Functions caught."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thriftline.core.causes import read_cause


def test_a_lambdas_cause_is_its_message() -> None:
    cause = json.dumps(
        {
            "errorMessage": "Line 7 has no label.",
            "errorType": "DatasetRejectedError",
            "requestId": "1",
            "stackTrace": ["File ..."],
        }
    )
    found = read_cause("DatasetRejectedError", cause)
    assert (found.error, found.message) == ("DatasetRejectedError", "Line 7 has no label.")


@pytest.mark.parametrize(
    ("error", "message", "said"),
    [
        ("Sandbox.Timedout", "Error: Task timed out after 90.00 seconds", "after 90.00 s"),
        ("Runtime.ExitError", "Runtime exited with error: signal: killed", "ran out of memory"),
        ("Lambda.Unknown", "1 Task timed out after 3.00 seconds", "out of time"),
    ],
)
def test_a_function_that_was_ended_is_told_plainly(error: str, message: str, said: str) -> None:
    assert said in read_cause(error, json.dumps({"errorMessage": message})).message


def test_prose_stays_as_it_is_and_nothing_gets_words() -> None:
    assert read_cause("States.TaskFailed", "The bucket is gone.").message == "The bucket is gone."
    assert "longer than the state allows" in read_cause("States.Timeout", "").message
    assert "KeyError" in read_cause("KeyError", "").message


def test_a_very_long_message_is_cut() -> None:
    message = read_cause("ValueError", json.dumps({"errorMessage": "x" * 9000})).message
    assert len(message) == 2000
    assert message.endswith("…")


@given(st.text(), st.text(min_size=1))
def test_there_is_always_something_to_read(text: str, error: str) -> None:
    assert read_cause(error, text).message.strip()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_any_json_is_read(document: object) -> None:
    assert read_cause("Some", json.dumps(document)).message
