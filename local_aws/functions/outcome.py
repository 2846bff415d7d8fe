"""What an answer of the runtime emulator means to the caller of a function."""

import json
from dataclasses import dataclass
from typing import Any

REQUEST_LIMIT_BYTES = 6_291_456
LOG_TAIL_BYTES = 4096


@dataclass(frozen=True)
class Invocation:
    """The end of one invocation; `function_error` is Lambda's X-Amz-Function-Error or None."""

    payload: bytes
    function_error: str | None
    log_tail: bytes


@dataclass(frozen=True)
class Outcome:
    """An answer, read; a process whose invocation ended abnormally is not `reusable`."""

    payload: bytes
    function_error: str | None
    reusable: bool
    status: str | None = None


def read_outcome(status: int, body: bytes, request_id: str, timeout_seconds: int) -> Outcome:
    """Read the emulator's answer.

    The emulator answers 200 also when the handler raised. A handler's own answer can look like an
    error, but it cannot carry the id of this request together with a stack trace unless it means
    to.
    """
    timed_out = f"Task timed out after {timeout_seconds}.00 seconds"
    if body == timed_out.encode():
        return failed("Sandbox.Timedout", timed_out, request_id, status="timeout")
    if status != 200:
        return Outcome(body, "Unhandled", reusable=False, status="error")
    if _is_unhandled_error(body, request_id):
        return Outcome(body, "Unhandled", reusable=True)
    return Outcome(body, None, reusable=True)


def failed(error_type: str, message: str, request_id: str, *, status: str = "error") -> Outcome:
    """Return the outcome of an invocation that the platform, not the handler, ended."""
    payload = {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {message}"}
    return Outcome(json.dumps(payload).encode(), "Unhandled", reusable=False, status=status)


def _is_unhandled_error(body: bytes, request_id: str) -> bool:
    # The marker is looked for first: a large answer is then not parsed to no purpose.
    if request_id.encode() not in body:
        return False
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return False
    if not isinstance(answer, dict) or answer.get("requestId") != request_id:
        return False
    return {"errorType", "errorMessage", "stackTrace"} <= answer.keys()


def finish_log(
    captured: bytes,
    outcome: Outcome,
    *,
    request_id: str,
    seconds: float,
    memory_mib: int,
    peak_mib: int | None,
) -> str:
    """Return an invocation's log as CloudWatch would hold it, with a true END and REPORT line.

    The emulator's REPORT line gives the memory size as the memory used and a made-up init duration,
    and is missing after a crash; ours replaces it.
    """
    text = captured.decode(errors="replace").replace("\r", "\n")
    body, found, _ = text.partition(f"END RequestId: {request_id}")
    lines = [body if body.endswith("\n") or not body else f"{body}\n"]
    if outcome.status == "timeout":
        message = json.loads(outcome.payload)["errorMessage"].partition("Error: ")[2]
        lines.append(f"{request_id} {message}\n\n")
    elif outcome.status == "error" and not found:
        lines.append(f"{outcome.payload.decode(errors='replace')}\n")
    milliseconds = seconds * 1000
    report = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {max(1, -int(-milliseconds // 1))} ms",
        f"Memory Size: {memory_mib} MB",
    ]
    report += [f"Max Memory Used: {peak_mib} MB"] if peak_mib is not None else []
    report += [f"Status: {outcome.status}"] if outcome.status else []
    lines += [f"END RequestId: {request_id}\n", "\t".join(report) + "\n"]
    return "".join(lines)
