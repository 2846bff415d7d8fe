"""A run that waits for a person: what it asks for, and `approve` or `reject` as the answer.

Every call goes to the stack's own function, which takes the first valid answer and no other.
"""

import argparse
import getpass
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

_EMBEDDED = "http://127.0.0.1:4566"
_FUNCTION = "AnswerApprovalFunctionName"
WAITING = "Wait for approval"


class ApprovalError(Exception):
    """The function cannot be asked; the message says why."""


def add_answers(commands: Any) -> None:
    """Add `approve` and `reject` to a parser's commands."""
    for name, text in (
        ("approve", "let a run spend what its plan says"),
        ("reject", "end a run before it spends anything"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument("run", metavar="RUN", help="the run's id, as make serve prints it")
        command.add_argument(
            "--by", default=_this_person(), metavar="NAME", help="who answers, for the record"
        )
        command.add_argument(
            "--endpoint",
            default=os.environ.get("AWS_ENDPOINT_URL", _EMBEDDED),
            metavar="URL",
            help="the embedded AWS (AWS_ENDPOINT_URL, else %(default)s)",
        )
        command.add_argument("--stack-name", default="thriftline")
        command.add_argument("--region", default=os.environ.get("AWS_DEFAULT_REGION", "us-east-1"))


def _this_person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user may have no name.
        return "somebody at this machine"


def run(given: argparse.Namespace) -> int:
    """Answer, and print what became of it; 0 when this answer is the one that counts."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    session = boto3.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=given.region
    )

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=given.endpoint)

    try:
        function = _function_of(client("cloudformation"), given.stack_name)
        answer = ask(client("lambda"), function, given.run, given.command, given.by)
    except (ApprovalError, BotoCoreError, ClientError) as error:
        print(f"laptop: {error}", file=sys.stderr)
        return 1
    print(answer["message"])
    return 0 if answer["outcome"] == "accepted" else 1


def _function_of(cloudformation: Any, stack: str) -> str:
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}
    return str(outputs[_FUNCTION])


def ask(
    functions: Any, function: str, run_id: str, answer: str | None = None, by: str = ""
) -> dict[str, Any]:
    """Show a run's request, or answer it; return what the function says.

    Raises:
        ApprovalError: the function failed.
    """
    request = {"run_id": run_id, "answer": answer, "by": by}
    called = functions.invoke(FunctionName=function, Payload=json.dumps(request).encode())
    payload = json.loads(called["Payload"].read())
    if "FunctionError" in called:
        raise ApprovalError(payload.get("errorMessage", "the function failed; see its log"))
    body: dict[str, Any] = json.loads(payload["body"])
    return body


def lines_of(request: dict[str, Any]) -> Iterator[str]:
    """What a terminal shows of a request, each line within 80 columns."""
    yield f"may {request['project']} spend up to ${request['worst_case_usd']}?"
    for choice in request["choices"]:
        if choice["chosen"]:
            yield f"  planned: {choice['name']}, {_price(choice)}"
    yield (
        f"  ${request['left_usd']} left of {request['month']}, ${request['held_usd']} held for "
        "this run"
    )
    yield f"  python -m laptop approve {request['run_id']}"
    yield f"  python -m laptop reject {request['run_id']}"


def _price(choice: dict[str, Any]) -> str:
    likely, low, high = (choice[f"{name}_usd"] for name in ("likely", "low", "high"))
    if likely is None:
        return "price not known"
    return f"about ${likely}" if low is None or high is None else f"${low} to ${high}"
