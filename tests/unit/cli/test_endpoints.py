"""The commands of serving: what they ask the API for, what they answer, and their exit codes."""

from typing import Any

import pytest

from tests.browser.sample_endpoints import endpoint_detail, experiment, previewed
from tests.unit.cli.fake_api import FakeApi, page, problem
from thriftline_cli.answers import as_table
from thriftline_cli.exits import Exit
from thriftline_cli.options import parsed

ENDPOINT = "thriftline-shop"
OWN = "d-20261130T030000-0a1b2c3d"
HREF = f"/endpoints/{ENDPOINT}/deployments/{OWN}"
CALLER = "arn:aws:iam::123456789012:user/ann"


def preview(**more: Any) -> dict[str, Any]:
    return {**previewed(), "endpoint": ENDPOINT, "project": "shop", "checks": [], **more}


def deployment(**more: Any) -> dict[str, Any]:
    return {
        "deployment_id": OWN,
        "endpoint": ENDPOINT,
        "project": "shop",
        "state": "ended",
        "action": "deploy",
        "registry_version": 2,
        "requested_by": CALLER,
        "why": "w" * 60,
        "opened_at": "2026-11-30T03:00:00Z",
        "ended_at": None,
        "ending": "deployed",
        "reason": "because",
        "error": None,
        "stages": ["Creating", "Baking"],
        "requests": 120,
        "checks": [],
        "price": previewed()["price"],
        "document_uri": "s3://artifacts/d.json",
        "aborted_by": None,
        **more,
    }


def started(path: str) -> dict[str, Any]:
    return {
        "id": OWN,
        "kind": "deployment",
        "href": HREF,
        "endpoint": ENDPOINT,
        "version": 2,
        "reason": path,
        "price": previewed()["price"],
    }


def rehearsed_or_started(asked: Any) -> dict[str, Any]:
    return preview() if asked.body.get("dry_run") else started(asked.path)


class StackWithoutVersions(FakeApi):
    """The registry that a person's own permissions reach has nothing."""

    def get_paginator(self, _operation: str) -> "StackWithoutVersions":
        return self

    def paginate(self, **_asked: Any) -> list[Any]:
        return []


@pytest.fixture
def api() -> FakeApi:
    made = StackWithoutVersions(environ={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    made.routes |= {
        "GET /endpoints": page({**endpoint_detail(ENDPOINT), "endpoint": ENDPOINT}),
        f"GET /endpoints/{ENDPOINT}": {**endpoint_detail(ENDPOINT), "under_way": None},
        f"GET {HREF}": deployment(),
        "GET /projects/shop/models": page(),
        "POST /projects/shop/deployments": rehearsed_or_started,
        f"POST /endpoints/{ENDPOINT}/deployments": rehearsed_or_started,
        f"POST /endpoints/{ENDPOINT}/rollback": rehearsed_or_started,
    }
    return made


# ---- deploy and rollback


def test_deploy_previews_and_starts_with_who_why_and_what(api: FakeApi) -> None:
    code = api.command(
        "endpoints deploy shop --version 7 --why because --set rollout.type=canary "
        "--set instance.count=2 --token once --yes --output json"
    )
    assert code == Exit.DONE
    looked, asked = api.changes
    assert asked.path == "/projects/shop/deployments"
    assert asked.body == {
        "version": 7,
        "why": "because",
        "overrides": {"rollout": {"type": "canary"}, "instance": {"count": 2}},
    }
    assert looked.body == {**asked.body, "dry_run": True}
    assert asked.headers["Idempotency-Key"] == "once"
    assert (api.answer["deployment_id"], api.answer["endpoint"]) == (OWN, ENDPOINT)
    assert any("a month at most $" in line for line in api.said)


def test_an_endpoint_that_is_named_may_be_a_new_one(api: FakeApi) -> None:
    assert api.command(f"endpoints deploy shop --endpoint {ENDPOINT} --yes") == Exit.DONE
    assert api.changes[-1].path == f"/endpoints/{ENDPOINT}/deployments"
    assert api.changes[-1].body == {"project": "shop"}


def test_nothing_starts_without_a_yes(api: FakeApi) -> None:
    assert api.command("endpoints deploy shop") == Exit.REFUSED
    assert [one.body.get("dry_run") for one in api.changes] == [True]


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
def test_the_exit_code_is_the_ending(api: FakeApi, ending: str, code: Exit) -> None:
    running = deployment(state="running", ending=None)
    api.routes[f"GET {HREF}"] = [running, running, deployment(ending=ending)]
    assert api.command("endpoints deploy shop --yes --wait --output json") == code
    assert (api.answer["ending"], api.answer["requests"]) == (ending, 120)
    assert api.said.count(f"{OWN}: Baking") == 1


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
def test_a_deployment_that_never_opened_says_why(api: FakeApi, error: str, code: Exit) -> None:
    refused = deployment(state="refused", ending=None, error=error, reason="line 2: no", price=None)
    api.routes[f"GET {HREF}"] = [deployment(state="opening", ending=None), refused]
    assert api.command("endpoints deploy shop --yes --wait") == code
    assert "line 2: no" in api.out


def test_waiting_ends_and_stops_nothing(api: FakeApi) -> None:
    api.routes[f"GET {HREF}"] = deployment(state="running", ending=None)
    assert api.command("endpoints deploy shop --yes --wait --timeout 1m") == Exit.TIMED_OUT
    assert "goes on" in api.said[-1]
    assert api.out == ""


def test_a_dry_run_starts_nothing_and_shows_checks_and_dollars_in_words(api: FakeApi) -> None:
    check = {"name": "artifact", "passed": False, "sentence": "It is gone.", "fix": "Find"}
    api.routes["POST /projects/shop/deployments"] = preview(would_deploy=False, checks=[check])
    assert api.command("endpoints deploy shop --dry-run") == Exit.REFUSED
    assert len(api.changes) == 1
    assert "NO  artifact: It is gone." in api.said
    assert "would start       no" in api.out
    assert "_" not in api.out, "words for people"
    assert max(map(len, api.out.splitlines())) <= 80
    api.command("endpoints deploy shop --dry-run --output json")
    assert api.answer["rollout_usd"] == previewed()["price"]["rollout_usd"]


def test_what_breaks_a_rule_of_serving_is_refused(api: FakeApi) -> None:
    api.routes["POST /projects/shop/deployments"] = problem(422, "serve.yaml line 1: no")
    assert api.command("endpoints deploy shop --dry-run") == Exit.REFUSED
    assert "line 1" in api.said[-1]


def test_rollback_asks_for_the_version_before_or_the_named_one(api: FakeApi) -> None:
    api.command("endpoints rollback shop --yes")
    api.command("endpoints rollback shop --to 3 --yes")
    bodies = [one.body for one in api.changes if not one.body.get("dry_run")]
    assert bodies == [{}, {"to_version": 3}]


def test_a_rollback_that_only_had_to_stop_another_is_done(api: FakeApi) -> None:
    api.routes[f"GET {HREF}"] = deployment(action="rollback", ending="ended", price=None)
    assert api.command("endpoints rollback shop --yes --wait") == Exit.DONE
    assert "still calls the version that was left Approved" in api.said[-1]


def test_rollback_of_what_bedrock_answers_is_bedrocks(api: FakeApi) -> None:
    approved = {"version": 2, "approval_status": "Approved", "trainer": "bedrock"}
    api.routes["GET /projects/shop/models"] = page(
        {"version": 3, "approval_status": "Rejected", "trainer": "sagemaker"}, approved
    )
    assert api.command("endpoints rollback shop --dry-run") == Exit.FAILED
    assert "has no approved version" in api.said[-1]
    assert api.changes == [], "the API was not asked for it"


@pytest.mark.parametrize("verb", ["rollback", "abort", "schedule show"])
def test_of_several_endpoints_one_is_named(api: FakeApi, verb: str) -> None:
    first, *step = verb.split()
    api.routes["GET /endpoints"] = page({"endpoint": "one"}, {"endpoint": "two"})
    words = ["endpoints", first, "shop", *step]
    assert api.command(words) == Exit.USAGE
    assert "one, two" in api.said[-1]
    assert api.command([*words, "--endpoint", "three"]) == Exit.NOT_FOUND
    api.routes["GET /endpoints"] = page()
    assert api.command(words) == Exit.NOT_FOUND


@pytest.mark.parametrize("pair", ["rollout", "=canary", "rollout.type"])
def test_a_wish_has_a_form(api: FakeApi, pair: str) -> None:
    assert api.command(["endpoints", "deploy", "shop", "--set", pair]) == Exit.USAGE
    assert api.changes == []


# ---- abort


def test_abort_stops_what_is_under_way_and_waits_for_its_end(api: FakeApi) -> None:
    assert api.command("endpoints abort shop --yes") == Exit.NOT_FOUND
    api.routes[f"GET /endpoints/{ENDPOINT}"] = {**endpoint_detail(ENDPOINT), "under_way": OWN}
    api.routes[f"POST /endpoints/{ENDPOINT}/abort"] = {
        "id": OWN,
        "kind": "deployment",
        "href": HREF,
    }
    assert api.command("endpoints abort shop --why errors --yes --output json") == Exit.DONE
    assert api.changes[-1].body == {"why": "errors"}
    assert api.answer["deployment_id"] == OWN
    api.routes[f"GET {HREF}"] = deployment(ending="rolled_back", aborted_by=CALLER)
    assert api.command("endpoints abort shop --yes --wait") == Exit.DONE
    api.routes[f"GET {HREF}"] = deployment()
    assert api.command("endpoints abort shop --yes --wait") == Exit.FAILED, "it was too late"


def test_a_comparison_is_not_aborted(api: FakeApi) -> None:
    api.routes[f"GET /endpoints/{ENDPOINT}"] = {**endpoint_detail(ENDPOINT), "under_way": "x-1"}
    api.routes[f"POST /endpoints/{ENDPOINT}/abort"] = problem(409, "stop the comparison x-1")
    assert api.command("endpoints abort shop --yes") == Exit.REFUSED


@pytest.mark.parametrize(
    "line",
    [
        "abort shop",
        "compare shop start --version 2",
        "compare shop stop",
        "schedule shop set --on a --off b",
        "schedule shop clear",
        "schedule shop sleep",
    ],
)
def test_a_dry_run_changes_nothing(api: FakeApi, line: str) -> None:
    detail = {**endpoint_detail(ENDPOINT), "under_way": OWN, "experiment_id": "x-1"}
    api.routes[f"GET /endpoints/{ENDPOINT}"] = detail
    api.routes[f"GET /endpoints/{ENDPOINT}/experiments/x-1"] = experiment()
    assert api.command(f"endpoints {line} --dry-run --output json") == Exit.DONE
    assert api.changes == []
    assert api.answer["dry_run"] is True


# ---- compare


def test_a_comparison_is_started_looked_at_and_stopped(api: FakeApi) -> None:
    base = f"/endpoints/{ENDPOINT}/experiments"
    api.routes[f"POST {base}"] = {"id": "x-1", "kind": "experiment", "href": f"{base}/x-1"}
    opening = {**experiment(), "experiment_id": "x-1", "state": "opening", "result": None}
    api.routes[f"GET {base}/x-1"] = [opening, {**opening, "state": "running"}]
    line = "endpoints compare shop start --version 3 --kind ab --weight 10 --yes --output json"
    assert api.command(line) == Exit.DONE
    assert api.changes[0].body == {"version": 3, "kind": "ab", "weight_percent": 10}
    assert (api.answer["experiment_id"], api.answer["state"]) == ("x-1", "running")

    refused = {**opening, "state": "refused", "reason": "it is Rejected"}
    api.routes[f"GET {base}/x-1"] = [opening, refused]
    assert api.command("endpoints compare shop start --version 3 --yes") == Exit.REFUSED
    assert "it is Rejected" in api.out

    api.routes[f"GET /endpoints/{ENDPOINT}"] = {
        **endpoint_detail(ENDPOINT),
        "experiment_id": "x-1",
    }
    api.routes[f"GET {base}/x-1"] = {**experiment(), "experiment_id": "x-1"}
    assert api.command("endpoints compare shop status --output json") == Exit.DONE
    assert api.answer["kind"] == experiment()["kind"]
    api.routes[f"POST {base}/x-1/stop"] = {"id": "x-1", "kind": "experiment", "href": "/x"}
    assert api.command("endpoints compare shop stop --yes") == Exit.DONE


def test_a_comparison_names_its_challenger(api: FakeApi) -> None:
    assert api.command("endpoints compare shop start --yes") == Exit.USAGE
    api.routes[f"GET /endpoints/{ENDPOINT}"] = {
        **endpoint_detail(ENDPOINT),
        "experiment_id": None,
    }
    assert api.command("endpoints compare shop status") == Exit.NOT_FOUND


# ---- schedule


def test_a_schedule_is_set_shown_and_taken_away(api: FakeApi) -> None:
    path = f"/endpoints/{ENDPOINT}/schedule"
    hours = ["--on", "cron(0 8 ? * * *)", "--off", "cron(0 19 ? * * *)"]
    api.routes |= {f"PUT {path}": {"outcome": "scheduled"}, f"DELETE {path}": {"outcome": "on"}}
    base = ["endpoints", "schedule", "shop"]
    assert api.command([*base, "set", *hours, "--token", "k", "--yes"]) == Exit.DONE
    put = api.changes[-1]
    assert put.body == {"on": hours[1], "off": hours[3], "timezone": "UTC"}
    assert put.headers["Idempotency-Key"] == "k"
    assert api.command([*base, "clear", "--yes"]) == Exit.DONE
    assert api.changes[-1].method == "DELETE"
    assert api.command([*base, "set", "--on", "a"]) == Exit.USAGE
    assert api.command([*base, "clear"]) == Exit.REFUSED, "it costs, so it asks"
    api.routes[f"PUT {path}"] = problem(422, "minute 61")
    assert api.command([*base, "set", *hours, "--yes"]) == Exit.REFUSED
    assert api.command([*base, "show", "--output", "json"]) == Exit.DONE
    assert api.answer == endpoint_detail(ENDPOINT)["schedule"]


def test_a_schedule_that_was_taken_away_is_shown_as_always_on(api: FakeApi) -> None:
    cleared = {"on": None, "off": None, "timezone": "UTC", "phase": "awake"}
    said = {"requested_by": "arn:aws:iam::1:user/ann", "changed_at": "2026-11-30T19:26:38.5Z"}
    api.routes[f"GET /endpoints/{ENDPOINT}"] = {
        **endpoint_detail(ENDPOINT),
        "schedule": {"endpoint": ENDPOINT, **cleared, **said},
    }
    assert api.command("endpoints schedule shop show") == Exit.DONE
    assert [line.split("  ")[0] for line in api.out.splitlines()] == [
        "endpoint",
        "is on",
        "changed by",
        "changed",
    ]
    assert "always" in api.out
    assert "2026-11-30 19:26Z" in api.out


def test_a_question_is_folded_between_its_words(api: FakeApi) -> None:
    api.is_terminal, api.typed = True, "n\n"
    assert api.command("endpoints schedule shop sleep") == Exit.REFUSED
    # What is said when the answer is no stands behind the question.
    question = api.said[: next(i for i, line in enumerate(api.said) if "Go on?" in line) + 1]
    assert len(question) > 1
    assert max(map(len, question)) <= 80


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("asleep", Exit.DONE),
        ("nothing", Exit.DONE),
        ("refused", Exit.REFUSED),
        ("reported", Exit.FAILED),
    ],
)
def test_sleeping_at_once_ends_as_it_ends(api: FakeApi, outcome: str, code: Exit) -> None:
    path = f"/endpoints/{ENDPOINT}/schedule"
    href = f"{path}/sleep-1"
    act = {"id": "sleep-1", "endpoint": ENDPOINT, "action": "sleep", "reason": "so"}
    api.routes[f"POST {path}"] = {"id": "sleep-1", "kind": "schedule", "href": href}
    api.routes[f"GET {href}"] = [{**act, "outcome": "waiting"}, {**act, "outcome": outcome}]
    line = "endpoints schedule shop sleep --wait --yes --output json"
    assert api.command(line) == code
    assert api.answer["outcome"] == outcome
    assert api.changes[-1].body == {"action": "sleep"}


# ---- list and get


def test_endpoints_and_deployments_are_lists_in_eighty_columns(api: FakeApi) -> None:
    long = {**endpoint_detail(ENDPOINT), "endpoint": "e" * 63, "project": "p" * 32}
    api.routes["GET /endpoints"] = page(long)
    assert api.command("endpoints list") == Exit.DONE
    assert max(map(len, api.out.splitlines())) <= 80
    api.command("endpoints list --output json")
    assert api.answer[0]["version"] == long["registry_version"]

    first = endpoint_detail(ENDPOINT)["versions"][0]
    rows = [
        deployment(deployment_id=first["deployment_id"]),
        deployment(ending=None, ended_at=None),
    ]
    api.routes["GET /endpoints"] = page({"endpoint": ENDPOINT})
    api.routes[f"GET /endpoints/{ENDPOINT}/deployments"] = page(*rows)
    assert api.command("endpoints list shop") == Exit.DONE
    assert max(map(len, api.out.splitlines())) <= 80
    assert "under way" in api.out
    api.command("endpoints list shop --output json")
    assert [one["entry"] for one in api.answer] == [first["number"], None]


def test_an_endpoint_is_shown_with_its_history_and_dollars(api: FakeApi) -> None:
    assert api.command(f"endpoints get {ENDPOINT}") == Exit.DONE
    assert "a month, at most" in api.out
    assert "ENTRY" in api.out
    assert max(map(len, api.out.splitlines())) <= 80


def test_a_table_cuts_the_columns_that_may_be_cut() -> None:
    table = as_table([{"a": "x" * 90, "b": "y"}], ["a", "b"], cut=["a"], width=40)
    assert max(map(len, table.splitlines())) == 40
    assert table.splitlines()[1].endswith("y")


def test_what_others_wrote_cannot_turn_a_terminal_around() -> None:
    table = as_table([{"why": "a\x1b[31m\nb"}], ["why"])
    assert "\x1b" not in table
    assert len(table.splitlines()) == 2


@pytest.mark.parametrize("words", ["deplyo shop", "deploy shop --version 0", "list --limit -1"])
def test_what_is_no_command_is_a_fault_of_usage(words: str) -> None:
    with pytest.raises(SystemExit) as raised:
        parsed(["endpoints", *words.split()])
    assert raised.value.code == Exit.USAGE
