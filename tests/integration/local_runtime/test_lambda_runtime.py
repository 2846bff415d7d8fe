"""Functions behind the genuine Lambda Runtime API."""

import json
import re
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local_aws.functions.environment import (
    LambdaRuntimeMissingError,
    find_emulator,
    runtime_version,
)
from local_aws.functions.runtime import FunctionConfig, LambdaRuntime, RequestTooLargeError
from tests.integration.local_runtime.conftest import FUNCTION, function, is_running, wait_for


def call(runtime: LambdaRuntime, config: FunctionConfig, event: Any = None) -> Any:
    invocation = runtime.invoke(config, json.dumps(event).encode())
    assert invocation.function_error is None, invocation.payload
    return json.loads(invocation.payload)


def fail(runtime: LambdaRuntime, config: FunctionConfig, event: Any = None) -> Any:
    invocation = runtime.invoke(config, json.dumps(event).encode())
    assert invocation.function_error == "Unhandled"
    return json.loads(invocation.payload)


def test_a_handler_gets_its_event_and_a_true_context(runtime: LambdaRuntime) -> None:
    config = function("probe.describe", name="open-run", timeout_seconds=60, memory_mib=256)
    seen = call(runtime, config, {"a": [1, "é"]})
    assert seen["event"] == {"a": [1, "é"]}
    assert seen["arn"] == "arn:aws:lambda:eu-west-1:123456789012:function:open-run"
    assert seen["name"] == "open-run"
    assert int(seen["memory"]) == 256
    assert 0 < seen["remaining"] <= 60_000
    assert seen["folder"] == str(FUNCTION)
    assert seen["path"][0] == str(FUNCTION)


def test_nothing_of_the_host_reaches_a_handler(
    runtime: LambdaRuntime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOST_SECRET", "leaks")
    config = function("probe.describe", environment={"RUNS_TABLE": "runs"})
    seen = call(runtime, config)
    environment = seen["environment"]
    assert environment.pop("RUNS_TABLE") == "runs"
    assert set(environment) <= {
        *("LANG", "TZ", "PATH", "TMPDIR", "_HANDLER", "LAMBDA_TASK_ROOT", "_X_AMZN_TRACE_ID"),
        *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_EXECUTION_ENV"),
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        *("AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_RUNTIME_API"),
        *("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_INITIALIZATION_TYPE"),
        *("AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME"),
        *("AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN"),
    }
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "/aws/lambda/probe"
    repository = str(Path(__file__).resolve().parents[3])
    below = [part for part in seen["path"] if part.startswith(repository) and "venv" not in part]
    assert below == [str(FUNCTION)]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere loopback is one address")
def test_a_runtime_listens_on_an_address_of_this_machine_that_no_page_can_know(
    runtime: LambdaRuntime,
) -> None:
    seen = call(runtime, function("probe.describe"))
    host, _, port = seen["environment"]["AWS_LAMBDA_RUNTIME_API"].partition(":")
    assert host.startswith("127.")
    assert host != "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), 1)


def test_a_function_cannot_change_what_lambda_reserves(runtime: LambdaRuntime) -> None:
    config = function("probe.describe", environment={"AWS_LAMBDA_FUNCTION_NAME": "another"})
    assert call(runtime, config)["environment"]["AWS_LAMBDA_FUNCTION_NAME"] == "probe"


def test_a_handler_cannot_import_what_its_requirements_do_not_name(runtime: LambdaRuntime) -> None:
    if ".venv-lambda" not in str(runtime._python):
        pytest.skip("needs the functions' own interpreter: make setup")
    error = fail(runtime, function("probe.import_training_library"))
    assert error["errorType"] == "ModuleNotFoundError"


def test_a_second_call_finds_the_process_warm(runtime: LambdaRuntime) -> None:
    config = function("probe.describe")
    first, second = call(runtime, config), call(runtime, config)
    assert (first["calls"], second["calls"]) == (1, 2)
    assert first["pid"] == second["pid"]
    assert first["request_id"] != second["request_id"]


def test_a_changed_function_gets_a_new_process(runtime: LambdaRuntime) -> None:
    old = call(runtime, function("probe.describe", environment={"TABLE": "old"}))
    new = call(runtime, function("probe.describe", environment={"TABLE": "new"}))
    assert new["environment"]["TABLE"] == "new"
    assert new["calls"] == 1
    assert not is_running(old["pid"])


def test_an_exception_gives_its_class_name_message_and_trace(runtime: LambdaRuntime) -> None:
    error = fail(runtime, function("probe.fail"))
    assert error["errorType"] == "DomainError"
    assert error["errorMessage"] == "The budget of 5.00 USD is used up: é"
    assert "probe.py" in "".join(error["stackTrace"])


def test_an_exception_leaves_the_process_warm(runtime: LambdaRuntime) -> None:
    config = function("probe.fail")
    assert fail(runtime, config)["requestId"] != fail(runtime, config)["requestId"]
    assert len(runtime._pool._idle) == 1


def test_a_value_that_looks_like_an_error_is_a_value(runtime: LambdaRuntime) -> None:
    assert call(runtime, function("probe.look_like_an_error"))["errorType"] == "DomainError"


@pytest.mark.parametrize(
    ("handler", "error_type"),
    [
        ("missing.handler", "Runtime.ImportModuleError"),
        ("probe.missing", "Runtime.HandlerNotFound"),
        ("probe.not_json", "Runtime.MarshalError"),
    ],
)
def test_a_handler_that_cannot_work_gives_lambdas_error(
    runtime: LambdaRuntime, handler: str, error_type: str
) -> None:
    assert fail(runtime, function(handler))["errorType"] == error_type


def test_a_time_out_ends_the_process_and_the_next_call_has_a_fresh_one(
    runtime: LambdaRuntime, tmp_path: Path
) -> None:
    config = function("probe.sleep", timeout_seconds=2)
    file = tmp_path / "pid"
    error = fail(runtime, config, {"file": str(file)})
    assert error["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(
        r"RequestId: [0-9a-f-]{36} Error: Task timed out after 2\.00 seconds", error["errorMessage"]
    )
    assert not is_running(int(file.read_text()))
    assert call(runtime, config, {"file": str(file), "seconds": 0}) == int(file.read_text())


@pytest.mark.parametrize("code", [0, 3])
def test_a_process_that_exits_is_an_exit_error_and_is_replaced(
    runtime: LambdaRuntime, code: int
) -> None:
    config = function("probe.exit_now")
    error = fail(runtime, config, {"code": code})
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].startswith("RequestId: ")
    assert fail(runtime, config, {"code": code})["errorType"] == "Runtime.ExitError"


def test_a_function_that_outgrows_its_memory_is_killed(runtime: LambdaRuntime) -> None:
    config = function("probe.eat_memory", memory_mib=128)
    error = fail(runtime, config, {"mib": 300, "seconds": 30})
    assert error["errorType"] == "Runtime.ExitError"
    assert "killed" in error["errorMessage"]
    assert call(runtime, config, {"mib": 1, "seconds": 0}) == 1024 * 1024


def test_an_answer_of_six_megabytes_passes_and_a_larger_one_is_an_error(
    runtime: LambdaRuntime,
) -> None:
    config = function("probe.answer")
    assert len(call(runtime, config, {"size": 6_291_454})) == 6_291_454
    error = fail(runtime, config, {"size": 6_300_000})
    assert error["errorType"] == "Function.ResponseSizeTooLarge"
    assert call(runtime, config, {"size": 1}) == "x"


def test_a_request_of_six_megabytes_passes_and_a_larger_one_is_refused(
    runtime: LambdaRuntime,
) -> None:
    config = function("probe.look_like_an_error")
    largest = b'"' + b"x" * (6_291_456 - 2) + b'"'
    assert runtime.invoke(config, largest).function_error is None
    with pytest.raises(RequestTooLargeError, match="6291456"):
        runtime.invoke(config, largest + b" ")


def test_calls_at_once_run_in_processes_of_their_own(
    make_runtime: Callable[..., LambdaRuntime], tmp_path: Path
) -> None:
    runtime = make_runtime(processes=3, processes_per_function=3)
    folder = tmp_path / "meeting"
    folder.mkdir()
    event = json.dumps({"folder": str(folder), "calls": 3}).encode()
    with ThreadPoolExecutor(3) as threads:
        ended = list(threads.map(lambda _: runtime.invoke(function("probe.meet"), event), range(3)))
    assert len({invocation.payload for invocation in ended}) == 3


def test_more_calls_than_processes_wait_and_all_are_served(
    make_runtime: Callable[..., LambdaRuntime],
) -> None:
    runtime = make_runtime(processes=2, processes_per_function=2)
    configs = [function("probe.describe", name=f"probe-{number % 3}") for number in range(30)]
    with ThreadPoolExecutor(12) as threads:
        seen = list(threads.map(lambda config: call(runtime, config), configs))
    assert [one["name"] for one in seen] == [config.name for config in configs]
    assert len(runtime._pool._idle) <= 2


def test_the_longest_idle_process_makes_room(make_runtime: Callable[..., LambdaRuntime]) -> None:
    runtime = make_runtime(processes=2)
    pids = {
        name: call(runtime, function("probe.describe", name=name))["pid"] for name in ("a", "b")
    }
    call(runtime, function("probe.describe", name="a"))
    call(runtime, function("probe.describe", name="c"))
    assert is_running(pids["a"])
    assert not is_running(pids["b"])


def test_the_log_of_a_call_holds_its_own_lines_and_no_others(
    runtime: LambdaRuntime, logs: dict[str, list[str]]
) -> None:
    config = function("probe.write_log", memory_mib=256)
    ids = [call(runtime, config, {"word": word}) for word in ("one", "two")]
    for log, request_id, word in zip(logs["probe"], ids, ("one", "two"), strict=True):
        lines = log.splitlines()
        assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
        assert sorted(lines[1:3]) == [f"err {word}", f"out {word}"]
        assert lines[3] == f"END RequestId: {request_id}"
        assert lines[4].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
        used = re.search(r"Memory Size: 256 MB\tMax Memory Used: (\d+) MB", lines[4])
        assert used is not None
        assert 5 < int(used[1]) < 256
        assert len(lines) == 5


def test_the_log_of_an_exception_is_readable_and_its_tail_is_returned(
    runtime: LambdaRuntime, logs: dict[str, list[str]]
) -> None:
    invocation = runtime.invoke(function("probe.fail"), b"{}")
    assert (
        "[ERROR] DomainError: The budget of 5.00 USD is used up: é\nTraceback" in logs["probe"][0]
    )
    assert invocation.log_tail == logs["probe"][0].encode()


def test_a_cut_log_tail_is_still_text(runtime: LambdaRuntime) -> None:
    for word in ("é" * 3000, "x" + "é" * 3000):
        event = json.dumps({"word": word}).encode()
        tail = runtime.invoke(function("probe.write_log"), event).log_tail
        assert 4000 < len(tail) <= 4096
        assert "é" * 100 in tail.decode()


def test_the_log_of_a_crash_and_of_a_time_out_say_what_happened(
    runtime: LambdaRuntime, logs: dict[str, list[str]], tmp_path: Path
) -> None:
    fail(runtime, function("probe.exit_now"), {"code": 3})
    fail(runtime, function("probe.sleep", timeout_seconds=1), {"file": str(tmp_path / "pid")})
    crash, time_out = logs["probe"]
    assert "Runtime.ExitError" in crash
    assert "Status: error" in crash
    assert "Task timed out after 1.00 seconds" in time_out
    assert "Status: timeout" in time_out


def test_closing_kills_a_running_handler_and_what_it_started(
    make_runtime: Callable[..., LambdaRuntime], tmp_path: Path
) -> None:
    runtime = make_runtime()
    child = call(runtime, function("probe.leave_a_child", name="parent"))
    file = tmp_path / "pid"
    event = json.dumps({"file": str(file)}).encode()
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(runtime.invoke, function("probe.sleep"), event)
        wait_for(lambda: file.exists() and file.read_text() != "")
        runtime.close()
        assert running.result().function_error == "Unhandled"
    assert not is_running(child)
    assert not is_running(int(file.read_text()))


def test_the_code_folder_stays_as_it_was(runtime: LambdaRuntime) -> None:
    call(runtime, function("probe.describe"))
    assert {path.name for path in FUNCTION.iterdir()} == {"probe.py"}


def test_a_missing_emulator_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("THRIFTLINE_LAMBDA_RIE", raising=False)
    with pytest.raises(LambdaRuntimeMissingError, match="make setup"):
        find_emulator(tmp_path)


def test_an_interpreter_without_the_runtime_client_is_named(tmp_path: Path) -> None:
    with pytest.raises(LambdaRuntimeMissingError, match="make setup"):
        runtime_version(tmp_path / "python")
