"""What the emulator's answers mean, and what CloudWatch would show."""

import json

import pytest

from local_aws.functions.outcome import Outcome, finish_log, read_outcome

ID = "43342797-67e2-42c8-9fd3-5ef90e878294"


def unhandled(request_id: str) -> bytes:
    error = {"errorType": "E", "errorMessage": "m", "requestId": request_id, "stackTrace": []}
    return json.dumps(error).encode()


def test_a_raised_error_is_told_from_a_value_by_the_requests_id() -> None:
    assert read_outcome(200, unhandled(ID), ID, 3).function_error == "Unhandled"
    assert read_outcome(200, unhandled("another"), ID, 3).function_error is None


@pytest.mark.parametrize("body", [b"null", b'"text"', b"[]", b'{"requestId": 1}', b"\xff\x00"])
def test_any_other_answer_is_a_value(body: bytes) -> None:
    assert read_outcome(200, body, ID, 3) == Outcome(body, None, reusable=True)


def test_a_value_that_names_the_request_is_still_a_value() -> None:
    body = json.dumps({"requestId": ID, "errorType": "E"}).encode()
    assert read_outcome(200, body, ID, 3).function_error is None


def test_a_time_out_has_the_shape_that_step_functions_sees() -> None:
    outcome = read_outcome(200, b"Task timed out after 3.00 seconds", ID, 3)
    assert json.loads(outcome.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {ID} Error: Task timed out after 3.00 seconds",
    }
    assert not outcome.reusable


def test_a_string_about_a_time_out_is_a_value() -> None:
    body = b'"Task timed out after 3.00 seconds"'
    assert read_outcome(200, body, ID, 3).function_error is None


def test_a_crash_is_passed_on_and_ends_the_process() -> None:
    outcome = read_outcome(502, b'{"errorType":"Runtime.ExitError"}', ID, 3)
    assert (outcome.function_error, outcome.reusable) == ("Unhandled", False)


def test_the_log_ends_with_one_true_report() -> None:
    captured = (
        f"START RequestId: {ID} Version: $LATEST\nno newline"
        f"END RequestId: {ID}\nREPORT RequestId: {ID}\tMax Memory Used: 512 MB\t\n"
    )
    log = finish_log(
        captured.encode(),
        Outcome(b"{}", None, reusable=True),
        request_id=ID,
        seconds=0.0101,
        memory_mib=512,
        peak_mib=40,
    )
    assert log.splitlines() == [
        f"START RequestId: {ID} Version: $LATEST",
        "no newline",
        f"END RequestId: {ID}",
        f"REPORT RequestId: {ID}\tDuration: 10.10 ms\tBilled Duration: 11 ms\t"
        "Memory Size: 512 MB\tMax Memory Used: 40 MB",
    ]


def test_an_error_passed_on_from_another_request_is_a_value() -> None:
    error = json.loads(unhandled("another")) | {"errorMessage": f"while serving {ID}"}
    assert read_outcome(200, json.dumps(error).encode(), ID, 3).function_error is None
