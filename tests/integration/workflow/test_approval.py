"""A run that a person has to approve, on the embedded AWS: one answer counts, whoever asks."""

import json
import re
import shlex
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import jsonschema
import pytest

from laptop.watch import ExecutionReporter
from local_aws.clients import ACCESS_KEY, SECRET_KEY
from tests.integration.cli.terminal import Terminal
from tests.integration.workflow.test_tasks import SCHEMA
from tests.integration.workflow.world import PATIENCE_SECONDS, World, csv_of
from tests.unit.runs.approval_world import http_event
from thriftline.runs.domain.approvals import Link
from thriftline_cli.exits import Exit
from thriftline_cli.main import main

ASKS = json.dumps({"budget": {"approval_above_usd": 0.01}})


class Waiting:
    """A run that waits for a person."""

    def __init__(self, world: World, project: str) -> None:
        self.world = world
        world.upload(f"{project}/run.yaml", ASKS)
        self.arn = world.execution_of(world.upload(f"{project}/films.csv", csv_of(600)))
        self.run_id = eventually(lambda: self._asked(project))

    def _asked(self, project: str) -> str | None:
        table = self.world.aws.client("dynamodb").scan(
            TableName=self.world.aws.outputs["RunsTableName"]
        )
        for item in table["Items"]:
            if item.get("run", {}).get("S", "").startswith(f"{project}-"):
                return str(item["run"]["S"])
        return None

    def call(self, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke the function that takes answers, as the AWS CLI and API Gateway do."""
        function = self.world.aws.outputs["AnswerApprovalFunctionName"]
        called = self.world.aws.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps(event).encode()
        )
        answer: dict[str, Any] = json.loads(called["Payload"].read())
        assert "FunctionError" not in called, answer
        return answer

    def say(self, answer: str | None, by: str = "ann") -> dict[str, Any]:
        event = {"run_id": self.run_id, "answer": answer, "by": by}
        if answer == "approve":
            event |= self.yes()
        said: dict[str, Any] = json.loads(self.call(event)["body"])
        return said

    def yes(self) -> dict[str, Any]:
        """Return what a yes names: the dollars that the request shows."""
        return {"worst_case_usd": self.say(None)["worst_case_usd"]}

    def end(self) -> Any:
        return self.world.wait(self.arn)

    def held(self) -> list[str]:
        """The runs that hold dollars of any month."""
        ledger = self.world.aws.client("dynamodb").scan(
            TableName=self.world.aws.outputs["LedgerTableName"]
        )
        return [run for item in ledger["Items"] for run in item.get("held", {}).get("M", {})]


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


@pytest.fixture
def waiting(world: World, project: str) -> Waiting:
    return Waiting(world, project)


def test_of_ten_answers_at_once_one_counts_and_nothing_was_spent_before_it(
    waiting: Waiting,
) -> None:
    assert waiting.world.jobs_of(waiting.run_id) == []
    assert waiting.run_id in waiting.held()
    together = Barrier(10)

    def answer(number: int) -> dict[str, Any]:
        together.wait()
        return waiting.say("approve", f"caller {number}")

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(answer, range(10)))

    outcomes = [one["outcome"] for one in answers]
    assert sorted(outcomes) == ["accepted"] + ["already"] * 9
    first = f"caller {outcomes.index('accepted')}"
    assert {one["answered_by"] for one in answers} == {first}
    ended = waiting.end()
    assert ended.result["status"] == "succeeded", ended.cause
    jsonschema.validate(ended.result, SCHEMA)
    assert ended.result["approval"]["answered_by"] == first
    assert ended.states.count("Wait for approval") == ended.states.count("Close approval") == 1
    assert waiting.run_id not in waiting.held()


def test_a_rejected_run_ends_as_rejected_and_gives_its_dollars_back(waiting: Waiting) -> None:
    assert waiting.say("reject")["outcome"] == "accepted"

    ended = waiting.end()

    assert ended.status == "SUCCEEDED"
    assert ended.result["status"] == "rejected"
    assert ended.result["error"]["name"] == "ApprovalRejectedError"
    assert "ann rejected the run" in ended.result["reason"]
    assert ended.result["approval"]["standing"] == "rejected"
    assert waiting.world.jobs_of(waiting.run_id) == []
    assert waiting.run_id not in waiting.held()
    assert "ann rejected the run" in waiting.world.message_about(f"Run {waiting.run_id} was rej")


def test_the_message_has_no_token_and_its_command_answers(waiting: Waiting) -> None:
    message = waiting.world.message_about(f"Run {waiting.run_id} waits")
    table = waiting.world.aws.client("dynamodb").get_item(
        TableName=waiting.world.aws.outputs["RunsTableName"],
        Key={"run_id": {"S": f"approval#{waiting.run_id}"}},
    )
    assert table["Item"]["task_token"]["S"] not in message
    found = re.search(r"^ +thriftline (approvals reject .*)$", message, re.M)
    assert found is not None, message

    Terminal(waiting.world.aws).run(*shlex.split(found.group(1)), "--yes")

    assert waiting.end().result["status"] == "rejected"


def test_floods_of_looks_and_forged_links_change_nothing_and_one_post_answers(
    waiting: Waiting,
) -> None:
    secrets = waiting.world.aws.client("secretsmanager")
    (made,) = (one["ARN"] for one in secrets.list_secrets()["SecretList"])
    secret = secrets.get_secret_value(SecretId=made)["SecretString"]
    expires = datetime.fromisoformat(waiting.say(None)["expires_at"])
    link = Link.made(secret, waiting.run_id, expires)
    forged = Link.made("another stack's secret", waiting.run_id, expires)
    looks = [http_event(method, link, "answer=approve") for method in ("GET", "HEAD") * 5]
    posts = [http_event("POST", forged, "answer=approve")] * 5

    with ThreadPoolExecutor(5) as pool:
        statuses = [one["statusCode"] for one in pool.map(waiting.call, [*looks, *posts])]

    assert statuses == [200] * 10 + [403] * 5
    assert waiting.say(None)["standing"] == "waiting"
    answered = waiting.call(http_event("POST", link, "answer=reject"))
    assert answered["statusCode"] == 200
    assert "You rejected the run" in answered["body"]
    assert waiting.call(http_event("POST", link, "answer=approve"))["statusCode"] == 409
    assert waiting.end().result["status"] == "rejected"


def test_nobody_answers_and_the_run_is_rejected(waiting: Waiting) -> None:
    waiting.world.aws.clock.advance(timedelta(hours=73))

    ended = waiting.end()

    assert ended.result["error"]["name"] == "ApprovalExpiredError"
    assert ended.result["status"] == "rejected"
    assert waiting.say("approve")["outcome"] == "expired"
    assert waiting.run_id not in waiting.held()
    assert waiting.world.jobs_of(waiting.run_id) == []


def test_an_answer_after_the_execution_was_stopped_is_too_late(waiting: Waiting) -> None:
    waiting.world.states.stop_execution(executionArn=waiting.arn)

    assert waiting.say("approve")["outcome"] == "ended"
    assert waiting.say("reject")["outcome"] == "ended"

    assert waiting.world.jobs_of(waiting.run_id) == []
    eventually(lambda: waiting.run_id not in waiting.held())


def test_an_answer_that_step_functions_did_not_take_is_delivered_by_the_sweep(
    waiting: Waiting,
) -> None:
    waiting.world.fail("stepfunctions", "SendTaskSuccess", "AccessDeniedException", 400, 1)
    assert waiting.say("reject")["outcome"] == "accepted"
    assert waiting.say(None)["standing"] == "rejected"
    (sweep,) = (
        one["FunctionName"]
        for one in waiting.world.aws.client("lambda").list_functions()["Functions"]
        if "SweepApprovals" in one["FunctionName"]
    )

    called = waiting.world.aws.client("lambda").invoke(FunctionName=sweep, Payload=b"{}")

    swept = json.loads(called["Payload"].read())
    assert waiting.run_id in swept["delivered"], swept
    assert waiting.end().result["status"] == "rejected"


def test_a_wake_up_by_somebody_else_is_no_answer(waiting: Waiting) -> None:
    item = {"run_id": {"S": f"approval#{waiting.run_id}"}}
    table = waiting.world.aws.outputs["RunsTableName"]
    dynamodb = waiting.world.aws.client("dynamodb")
    token = dynamodb.get_item(TableName=table, Key=item)["Item"]["task_token"]["S"]

    waiting.world.states.send_task_success(taskToken=token, output='{"standing": "approved"}')

    eventually(
        lambda: dynamodb.get_item(TableName=table, Key=item)["Item"]["task_token"]["S"] != token
    )
    assert waiting.say(None)["standing"] == "waiting"
    assert waiting.world.jobs_of(waiting.run_id) == []
    waiting.say("reject")
    assert waiting.end().result["status"] == "rejected"


def test_make_serve_shows_the_request_and_the_command_that_answers_it(
    waiting: Waiting, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", waiting.world.aws.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", waiting.world.aws.region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    said: list[str] = []
    watch = ExecutionReporter(waiting.world.aws, said.append)
    for _ in range(10):
        watch.look()
    commands = [line.partition("thriftline ")[2] for line in said if waiting.run_id in line]
    reject = f"approvals reject {waiting.run_id}"
    assert commands.count(reject) == 1, said

    assert main([*reject.split(), "--yes"]) == Exit.DONE
    assert "rejected" in capsys.readouterr().out
    approve = reject.replace("reject", "approve")
    assert main([*approve.split(), "--yes"]) == Exit.REFUSED
    assert "rejected run" in capsys.readouterr().err
    assert waiting.end().result["status"] == "rejected"
