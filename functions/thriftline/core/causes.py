"""Reads what Step Functions caught into a sentence for a person."""

import json
import re

from thriftline.core.dataclass import dataclass
from thriftline.core.text import plain_lines

_LONGEST = 2000
_TIMED_OUT = re.compile(r"Task timed out after ([\d.]+) seconds")
_BY_NAME = {
    "States.Timeout": "It took longer than the state allows.",
    "States.HeartbeatTimeout": "It gave no sign of life for longer than the state allows.",
    "States.DataLimitExceeded": "What it answered is larger than Step Functions takes.",
    "Lambda.TooManyRequestsException": "AWS runs no more Lambda functions for the account now.",
}


@dataclass(frozen=True)
class Cause:
    """The name of an error and what it says."""

    error: str
    message: str


def read_cause(error: str, text: str) -> Cause:
    """Returns the error's name and message.

    ``text`` is the state's Cause: JSON where a Lambda raised, prose where AWS did, or nothing. A
    function that was killed is known by its message alone.
    """
    said = _said(text)
    own = own_name(error)
    timed_out = _TIMED_OUT.search(said)
    if timed_out:
        return Cause(own, f"Its Lambda function ran out of time after {timed_out.group(1)} s.")
    if "signal: killed" in said or "Runtime exited" in said:
        return Cause(
            own, "Its Lambda function was killed, most likely because it ran out of memory."
        )
    return Cause(own, said or _BY_NAME.get(error, f"It failed with {error} and gave no reason."))


def own_name(error: str) -> str:
    """Returns the name that a result and a Fail state may use.

    A Fail state with a name of Step Functions' own, such as ``States.Timeout``, ends as
    ``States.Runtime`` instead; the machines replace the same prefix.
    """
    return error.replace("States.", "State", 1) if error.startswith("States.") else error


def _said(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return _cut(text)
    if isinstance(document, dict) and isinstance(document.get("errorMessage"), str):
        return _cut(document["errorMessage"])
    return _cut(document if isinstance(document, str) else text)


def _cut(text: str) -> str:
    return plain_lines(text, _LONGEST)
