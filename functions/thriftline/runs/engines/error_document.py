"""What the program of ``preparation/`` says when the data or the run spec are at fault.

It writes ``error.json`` into its output: one object, or where Spark writes it a folder with one
part.
"""

import json
from typing import Any

from thriftline.core.aws.buckets import Bucket
from thriftline.core.dataclass import dataclass
from thriftline.core.errors import ThriftlineError

NAME = "error.json"
_MOST_CHARACTERS = 2_000


@dataclass(frozen=True)
class ProgramError:
    """The program's own word for the fault, and its sentence."""

    code: str
    message: str


def program_error(artifacts: Bucket, output_uri: str) -> ProgramError | None:
    """Returns what the program said; None where it said nothing, or nothing that can be read.

    An ended attempt must get its ending, so that a bucket that does not answer is no error here.
    """
    prefix = output_uri.removeprefix(artifacts.uri(""))
    try:
        keys = [one.key for one in artifacts.list(f"{prefix}{NAME}") if _is_part(one.key)]
        bodies = [artifacts.read(key) for key in keys]
    except ThriftlineError:
        return None
    said = (_parsed(body) for body in bodies if body)
    return next((one for one in said if one is not None), None)


def _is_part(key: str) -> bool:
    name = key.rsplit("/", 1)[-1]
    return name == NAME or name.startswith("part-")


def _parsed(body: bytes) -> ProgramError | None:
    try:
        found: Any = json.loads(body)
    except ValueError:
        return None
    if not isinstance(found, dict) or not isinstance(found.get("message"), str):
        return None
    return ProgramError(str(found.get("code", "")), found["message"][:_MOST_CHARACTERS])
