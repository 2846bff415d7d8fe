"""The commands of serving: what they ask for, what they answer, and their exit codes."""

from hashlib import sha256
from typing import Any

import pytest

from tests.unit.cli.endpoint_world import CALLER, EXECUTIONS, GROUP, World
from thriftline_cli.answers import as_table
from thriftline_cli.endpoints.executions import in_words
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.options import parsed

ID = f"d-20261130T030000-{sha256(b't').hexdigest()[:8]}"
ARN = f"{EXECUTIONS}:{ID}"


@pytest.fixture
def world() -> World:
    return World()


def ended(world: World, ending: str | None, **answer: Any) -> None:
    world.add_endpoint()
    world.add_deployment(ID, ending, ARN)
    claim = sha256(ARN.encode()).hexdigest()[:32]
    world.items.append(
        {
            "endpoint": f"execution#{claim}",
            "item": "deployment",
            "of": "thriftline-shop",
            "deployment_id": ID,
        }
    )
    world.looks = [{"status": "RUNNING"}, {"status": "SUCCEEDED", "output": "{}", **answer}]


def test_deploy_starts_the_machine_with_who_why_and_what(world: World) -> None:
    world.add_version(7)
    code = world.command(
        "deploy shop --version 7 --why because --set rollout.type=canary --set instance.count=2 "
        "--output json"
    )
    assert code == Exit.DONE
    (started,) = world.executions
    assert (started["stateMachineArn"], started["name"]) == ("arn:deploy", ID)
    assert started["input"] == {
        "action": "deploy",
        "project": "shop",
        "requested_by": CALLER,
        "why": "because",
        "token": "t",
        "model_package_arn": f"{GROUP}/7",
        "overrides": {"rollout": {"type": "canary"}, "instance": {"count": 2}},
    }
    assert world.answer["deployment_id"] == ID


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("deployed", Exit.DONE),
        ("rolled_back", Exit.FAILED),
        ("inconclusive", Exit.FAILED),
        ("failed", Exit.FAILED),
        ("refused", Exit.REFUSED),
    ],
)
def test_the_exit_code_is_the_ending(world: World, ending: str, code: Exit) -> None:
    ended(world, ending)
    world.statuses["thriftline-shop"] = "Updating"
    assert world.command("deploy shop --wait --output json") == code
    assert world.answer["ending"] == ending
    assert world.answer["requests"] == 120
    assert f"{ID}: Updating" in world.said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("DeploymentRefusedError", Exit.REFUSED),
        ("InvalidServeSpecError", Exit.REFUSED),
        ("DeploymentInProgressError", Exit.REFUSED),
        ("NothingToRollBackToError", Exit.NOT_FOUND),
        ("ServiceUnavailableError", Exit.FAILED),
    ],
)
def test_a_deployment_that_never_opened_says_why(world: World, error: str, code: Exit) -> None:
    cause = '{"errorMessage": "serve.yaml line 2: no"}'
    world.looks = [{"status": "FAILED", "error": error, "cause": cause}]
    assert world.command("deploy shop --wait --output json") == code
    assert world.answer["reason"] == "serve.yaml line 2: no"


def test_waiting_ends_and_stops_nothing(world: World) -> None:
    ended(world, None)
    world.looks = [{"status": "RUNNING"}]
    with pytest.raises(CommandError, match="goes on") as raised:
        world.command("deploy shop --wait --timeout 1m")
    assert raised.value.code == Exit.TIMED_OUT
    assert world.wrote == []


def test_a_dry_run_starts_nothing_and_shows_the_checks_and_the_dollars(world: World) -> None:
    world.preview = {
        "would_deploy": False,
        "rollout_usd": "1.06",
        "checks": [{"name": "artifact", "passed": False, "sentence": "It is gone.", "fix": "Find"}],
    }
    assert world.command("deploy shop --dry-run --output json") == Exit.REFUSED
    assert world.executions == []
    assert len(world.previewed) == 1
    assert "NO  artifact: It is gone." in world.said
    assert world.answer["rollout_usd"] == "1.06"


def test_a_refusal_of_the_function_is_the_command_s(world: World) -> None:
    world.preview = {"errorType": "InvalidServeSpecError", "errorMessage": "serve.yaml line 1: no"}
    with pytest.raises(CommandError, match="line 1") as raised:
        world.command("deploy shop --dry-run")
    assert raised.value.code == Exit.REFUSED


def test_rollback_asks_for_the_version_before_or_the_named_one(world: World) -> None:
    world.add_version(1)
    world.add_endpoint()
    world.command("rollback shop")
    world.command("rollback shop --to 3")
    assert [one["input"].get("to_version") for one in world.executions] == [None, 3]
    assert {one["input"]["action"] for one in world.executions} == {"rollback"}


def test_rollback_of_what_bedrock_answers_is_bedrocks(world: World) -> None:
    world.add_version(1, "bedrock")
    with pytest.raises(CommandError, match="first approved one"):
        world.command("rollback shop")
    assert world.executions == []


def test_abort_sends_one_data_point_of_the_deployment(world: World) -> None:
    world.add_endpoint(lock_owner=ID)
    assert world.command("abort shop --output json") == Exit.DONE
    (sent,) = world.metrics
    assert sent["Namespace"] == "Thriftline/Serving"
    (point,) = sent["MetricData"]
    assert (point["MetricName"], point["Value"]) == ("AbortDeployment", 1)
    assert point["Dimensions"] == [
        {"Name": "EndpointName", "Value": "thriftline-shop"},
        {"Name": "DeploymentId", "Value": ID},
    ]


def test_abort_of_a_comparison_is_refused_and_stops_no_later_deployment(world: World) -> None:
    world.add_endpoint(lock_owner="x-20261130T030000-0a1b2c3d")
    with pytest.raises(CommandError, match="compare stop") as raised:
        world.command("abort shop")
    assert raised.value.code == Exit.REFUSED
    assert world.metrics == []


def test_a_request_that_its_model_refuses_is_one_sentence() -> None:
    said = (
        "1 validation error for DeployRequest\nproject\n  String should match pattern '^[a-z]+$' "
        "[type=string_pattern_mismatch, input_value='Shop_Tickets', input_type=str]\n    For "
        "further information visit https://errors.pydantic.dev/2/v/string_pattern_mismatch"
    )
    assert in_words("ValidationError", said) == "project: String should match pattern '^[a-z]+$'"
    assert in_words("DeploymentRefusedError", said) == said


def test_abort_without_a_deployment_sends_nothing(world: World) -> None:
    world.add_endpoint()
    with pytest.raises(CommandError, match="no deployment") as raised:
        world.command("abort shop")
    assert raised.value.code == Exit.NOT_FOUND
    assert world.metrics == []


@pytest.mark.parametrize(("ending", "code"), [("rolled_back", 0), ("deployed", 1)])
def test_abort_waits_for_the_rollback(world: World, ending: str, code: int) -> None:
    ended(world, ending)
    world.items[0]["lock_owner"] = ID
    assert world.command("abort shop --wait") == code


def test_compare_starts_with_a_challenger(world: World) -> None:
    world.add_version(3)
    world.looks = [{"status": "RUNNING"}]
    world.command("compare shop start --version 3 --kind ab --weight 20")
    (started,) = world.executions
    assert started["stateMachineArn"] == "arn:compare"
    assert started["name"].startswith("x-20261130T030000-")
    assert started["input"]["overrides"] == {"kind": "ab", "weight_percent": 20}
    with pytest.raises(CommandError, match="--version"):
        world.command("compare shop start")


def test_compare_status_is_the_newest_result(world: World) -> None:
    world.add_endpoint()
    world.items.append(
        {"endpoint": "thriftline-shop", "item": "experiment#x-1", "state": "running"}
    )
    world.objects["serving/thriftline-shop/experiments/x-1/progress.json"] = b'{"ending": null}'
    assert world.command("compare shop status --output json") == Exit.DONE
    assert world.answer == {"state": "running", "ending": None}


def test_a_schedule_is_set_and_taken_away_by_the_stacks_function(world: World) -> None:
    world.add_endpoint()
    world.preview = {"outcome": "scheduled", "hours_a_month": 239}
    line = 'schedule shop set --on "cron(0 8 ? * MON-FRI *)" --off "cron(0 19 ? * MON-FRI *)"'
    assert world.command(f"{line} --timezone Europe/Berlin --output json") == Exit.DONE
    assert world.answer["hours_a_month"] == 239
    world.command("schedule shop clear")
    asked = [one["input"] for one in world.executions]
    assert {one["FunctionName"] for one in world.executions} == {"change-schedule"}
    assert asked[0]["timezone"] == "Europe/Berlin"
    assert asked[1] == {"endpoint": "thriftline-shop", "requested_by": CALLER}
    with pytest.raises(CommandError, match="--on and --off"):
        world.command("schedule shop set")


@pytest.mark.parametrize(("outcome", "code"), [("asleep", Exit.DONE), ("refused", Exit.REFUSED)])
def test_an_endpoint_is_put_to_sleep_by_what_the_clock_starts(
    world: World, outcome: str, code: Exit
) -> None:
    world.add_endpoint()
    world.looks = [{"status": "SUCCEEDED", "output": f'{{"outcome": "{outcome}"}}'}]
    assert world.command("schedule shop sleep --wait --output json") == code
    (started,) = world.executions
    assert started["stateMachineArn"] == "arn:act"
    assert started["input"]["action"] == "sleep"


def test_the_schedule_is_shown_as_the_table_has_it(world: World) -> None:
    world.add_endpoint()
    world.command("schedule shop show --output json")
    assert world.answer["outcome"] == "always on"
    world.items.append({"endpoint": "thriftline-shop", "item": "schedule", "on": "cron(x)"})
    world.command("schedule shop show --output json")
    assert world.answer == {"endpoint": "thriftline-shop", "on": "cron(x)"}


def test_a_list_is_a_list_even_of_nothing(world: World) -> None:
    assert world.command("list --output json") == Exit.DONE
    assert world.answer == []


def test_the_list_shows_what_serves(world: World) -> None:
    world.add_endpoint(kind="real-time", in_use=2)
    world.items.append(
        {"endpoint": "thriftline-shop", "item": "version#000002", "registry_version": 7}
    )
    world.add_endpoint("thriftline-other", kind="serverless", asleep=True)
    world.statuses["thriftline-shop"] = "InService"
    world.command("list --output json")
    assert [(one["status"], one["version"]) for one in world.answer] == [
        ("asleep", None),
        ("InService", 7),
    ]


def test_a_projects_list_is_its_history_the_newest_first(world: World) -> None:
    world.add_endpoint()
    world.add_deployment("d-1", "deployed")
    world.add_deployment("d-2", None)
    world.command("list shop")
    lines = world.wrote[-1].splitlines()
    assert [line.split()[0] for line in lines] == ["DEPLOYMENT", "d-2", "d-1"]
    assert "under way" in lines[1]
    assert "ann" in lines[1]


def test_several_endpoints_must_be_named(world: World) -> None:
    world.add_endpoint()
    world.add_endpoint("thriftline-other")
    with pytest.raises(CommandError, match="say --endpoint") as raised:
        world.command("list shop")
    assert raised.value.code == Exit.USAGE
    assert world.command("list shop --endpoint thriftline-other") == Exit.DONE


def test_what_others_wrote_cannot_turn_a_terminal_around() -> None:
    table = as_table([{"why": "a\x1b[31m\nb"}], ["why"])
    assert "\x1b" not in table
    assert len(table.splitlines()) == 2


def test_an_unknown_command_is_a_fault_of_usage() -> None:
    with pytest.raises(SystemExit) as raised:
        parsed(["endpoints", "deplyo", "shop"])
    assert raised.value.code == Exit.USAGE


def test_a_refusal_is_told_before_anything_starts_though_nobody_waits(world: World) -> None:
    world.preview = {"would_deploy": False, "reason": "The artifact is gone.", "checks": []}
    assert world.command("deploy shop --output json") == Exit.REFUSED
    assert world.answer["reason"] == "The artifact is gone."
    assert world.executions == []


def test_without_a_yes_nothing_starts_and_the_dollars_are_told(world: World) -> None:
    world.says_yes = False
    with pytest.raises(CommandError, match=r"the roll-out costs \$1\.06") as refused:
        world.command("deploy shop")
    assert refused.value.code == Exit.REFUSED
    assert world.executions == []


def test_a_rollback_of_one_of_two_endpoints_says_which(world: World) -> None:
    world.add_endpoint()
    world.add_endpoint("thriftline-other")
    with pytest.raises(CommandError, match="say --endpoint"):
        world.command("rollback shop")
    world.command("rollback shop --endpoint thriftline-other")
    assert world.executions[0]["input"]["endpoint"] == "thriftline-other"


def test_a_comparison_that_is_refused_at_once_says_so(world: World) -> None:
    world.add_version(3)
    cause = '{"errorMessage": "a deployment is under way"}'
    world.looks = [
        {"status": "RUNNING"},
        {"status": "FAILED", "error": "ExperimentRefusedError", "cause": cause},
    ]
    assert world.command("compare shop start --version 3 --output json") == Exit.REFUSED
    assert world.answer["reason"] == "a deployment is under way"


def test_the_list_numbers_entries_as_rollback_takes_them(world: World) -> None:
    world.add_endpoint()
    world.add_deployment("d-1", "deployed")
    world.add_deployment("d-2", "rolled_back")
    world.items.append(
        {"endpoint": "thriftline-shop", "item": "version#000004", "deployment_id": "d-1"}
    )
    world.command("list shop --output json")
    assert [one["entry"] for one in world.answer] == [None, 4]
