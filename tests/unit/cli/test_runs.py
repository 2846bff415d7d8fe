"""`thriftline runs`, approvals, models and budget over an API in memory."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.fake_api import Answer, FakeApi, page, problem
from thriftline_cli.exits import Exit
from thriftline_cli.money import usd
from thriftline_cli.runs.checking import refusal_of
from thriftline_cli.runs.states import STATES
from thriftline_cli.runs.watching import sentence

ID = "shop-0a1b2c3d4e5f6071"


def a_run(**more: Any) -> dict[str, Any]:
    return {
        "run_id": ID,
        "project": "shop",
        "status": "running",
        "state": "Poll training",
        "opened_at": "2026-11-30T03:00:00Z",
        "ended_at": None,
        "trainer": "sagemaker",
        "instance_type": "ml.g5.xlarge",
        "expected_usd": "0.13",
        "worst_case_usd": "12345.678912",
        "cost_usd": None,
        "saved_usd": None,
        "model_version": None,
        "key": "datasets/shop/shop.csv",
        "summary": None,
        "progress": None,
        "approval": None,
        "attempts": [],
        "documents": [],
        "result": None,
        **more,
    }


PROGRESS = {"phase": "Training", "seconds": 3725, "cost_so_far_usd": "1.23456"}
RUNNING = a_run(progress=PROGRESS)
ENDED = a_run(
    status="succeeded", cost_usd="0.1234", ended_at="2026-11-30T03:09:00Z", model_version=3
)


@pytest.fixture
def api() -> FakeApi:
    return FakeApi(
        environ={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
        routes={f"GET /runs/{ID}": [RUNNING, RUNNING, ENDED]},
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "shop.csv"
    path.write_text("text,label\na,b\n")
    return path


def uploads(asked: Any) -> dict[str, Any]:
    return {
        "prefix": "datasets/shop/",
        "uploads": [
            {
                "name": one["name"],
                "url": "http://s3.test/data",
                "fields": {"key": f"datasets/shop/{one['name']}", "policy": "p"},
                "key": f"datasets/shop/{one['name']}",
                "max_bytes": one["size_bytes"],
            }
            for one in asked.body["files"]
        ],
    }


def takes_uploads(api: FakeApi) -> None:
    api.routes |= {
        "POST /uploads": uploads,
        "POST /data": Answer(204, b"", {"x-amz-version-id": "v1"}),
        "POST /runs": {"id": ID, "kind": "run", "href": f"/runs/{ID}"},
    }


def test_a_file_is_uploaded_and_its_run_asked_for(api: FakeApi, data: Path) -> None:
    takes_uploads(api)
    assert api.command(f"runs submit {data} --project shop --output json") == Exit.DONE
    assert [one.path for one in api.changes] == ["/uploads", "/data", "/runs"]
    assert api.changes[1].body.count(b"text,label\na,b\n") == 1
    assert api.changes[2].body == {
        "project": "shop",
        "key": "datasets/shop/shop.csv",
        "version_id": "v1",
    }
    assert api.answer["run_id"] == ID
    watch, lists = api.said[-2:]
    assert watch == f"to watch it: thriftline runs watch {ID}"
    assert "runs list" in lists


def test_a_run_yaml_that_cannot_be_used_is_said_before_anything_is_uploaded(
    api: FakeApi, data: Path, tmp_path: Path
) -> None:
    takes_uploads(api)
    api.spec_refusal = "run.yaml line 1: epochz is no key"
    (tmp_path / "run.yaml").write_text("epochz: 3\n")
    line = f"runs submit {data} --project shop --spec {tmp_path}/run.yaml"
    assert api.command(line) == Exit.USAGE
    assert api.asked == []
    said = "\n".join(api.said)
    assert "epochz is no key" in said
    assert "--no-check" in said
    assert api.command(f"{line} --no-check") == Exit.DONE


def test_the_rules_of_the_check_are_the_functions_own(tmp_path: Path) -> None:
    spec = tmp_path / "run.yaml"
    spec.write_text("epochz: 3\n")
    why = refusal_of(spec, {"PATH": "/usr/bin:/bin"})
    assert why is not None
    assert "line 1" in why
    spec.write_text("seed: 3\n")
    assert refusal_of(spec, {"PATH": "/usr/bin:/bin"}) is None


@pytest.mark.parametrize("newest", [[], [{"run_id": "shop-77"}]])
def test_where_an_upload_starts_no_run_the_one_that_says_why_is_named(
    api: FakeApi, newest: list[Any]
) -> None:
    api.routes |= {
        f"GET /runs/{ID}": a_run(status="not_started", summary="run.yaml says why"),
        "GET /runs": page(*newest),
    }
    assert api.command(f"runs watch {ID}") == Exit.FAILED
    wanted = "runs get shop-77" if newest else "runs list --project shop"
    assert wanted in api.said[-1]


def test_one_file_follows_its_settings(api: FakeApi, data: Path, tmp_path: Path) -> None:
    takes_uploads(api)
    (tmp_path / "mine.yaml").write_text("x")
    api.command(f"runs submit {data} --project shop --spec {tmp_path}/mine.yaml")
    assert [one["name"] for one in api.changes[0].body["files"]] == ["run.yaml", "shop.csv"]
    assert api.changes[-1].body["key"] == "datasets/shop/shop.csv"


def test_several_files_without_settings_are_started_by_empty_ones(
    api: FakeApi, data: Path, tmp_path: Path
) -> None:
    takes_uploads(api)
    (tmp_path / "held.csv").write_text("x")
    api.command(f"runs submit {data} --project shop --validation {tmp_path}/held.csv")
    names = [one["name"] for one in api.changes[0].body["files"]]
    assert names == ["validation.csv", "train.csv", "run.yaml"]
    assert api.changes[-1].body["key"] == "datasets/shop/run.yaml"
    assert "an empty file -> datasets/shop/run.yaml (0 kB)" in api.said


def test_the_settings_of_several_files_come_last(api: FakeApi, data: Path, tmp_path: Path) -> None:
    takes_uploads(api)
    for name in ("mine.yaml", "held.JSONL", "t.csv.gz"):
        (tmp_path / name).write_text("x")
    line = f"runs submit {data} --project shop --spec {tmp_path}/mine.yaml"
    api.command(f"{line} --validation {tmp_path}/held.JSONL --test {tmp_path}/t.csv.gz")
    names = [one["name"] for one in api.changes[0].body["files"]]
    assert names == ["validation.jsonl", "test.csv.gz", "train.csv", "run.yaml"]
    assert api.changes[-1].body["key"] == "datasets/shop/run.yaml"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "gone.csv", "No such file"),
        (lambda folder: folder, "is none of .jsonl"),
        (lambda folder: _written(folder / "empty.csv", ""), "is empty"),
        (lambda folder: _written(folder / "data.xlsx", "x"), "is none of .jsonl"),
    ],
)
def test_a_file_that_is_none_is_refused_before_anything_is_asked(
    api: FakeApi, tmp_path: Path, make: Any, said: str
) -> None:
    assert api.command(["runs", "submit", str(make(tmp_path)), "--project", "shop"]) == Exit.USAGE
    assert said in api.said[0]
    assert api.asked == []


def _written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_what_s3_refuses_starts_no_run(api: FakeApi, data: Path) -> None:
    takes_uploads(api)
    api.routes["POST /data"] = Answer(403, b"<Error><Code>AccessDenied</Code></Error>")
    assert api.command(f"runs submit {data} --project shop") == Exit.FAILED
    assert api.said[-1].endswith("was not uploaded: S3 answered 403 AccessDenied")
    assert api.changes[-1].path == "/data"


def test_a_dry_run_uploads_nothing(api: FakeApi, data: Path) -> None:
    takes_uploads(api)
    assert api.command(f"runs submit {data} --project shop --dry-run") == Exit.DONE
    assert api.changes == []


def test_submit_watches_to_the_end_if_asked_to(api: FakeApi, data: Path) -> None:
    takes_uploads(api)
    assert api.command(f"runs submit {data} --project shop --wait --output json") == Exit.DONE
    assert api.answer["status"] == "succeeded"
    assert api.slept == 10


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("succeeded", Exit.DONE),
        ("not_promoted", Exit.FAILED),
        ("failed", Exit.FAILED),
        ("rejected", Exit.REFUSED),
    ],
)
def test_the_exit_code_of_watching_is_the_ending(api: FakeApi, status: str, code: Exit) -> None:
    api.routes[f"GET /runs/{ID}"] = [RUNNING, a_run(status=status)]
    assert api.command(f"runs watch {ID}") == code
    steps = [line for line in api.said if line.startswith("[")]
    assert steps == ["[####------] trains (Training)  1:02:05  $1.23 so far, $12,345.68 at most"]


def test_an_upload_that_belongs_to_another_run_is_followed_there(api: FakeApi) -> None:
    api.routes[f"GET /runs/{ID}"] = a_run(status="not_started", belongs_to="shop-other")
    api.routes["GET /runs/shop-other"] = a_run(status="succeeded")
    assert api.command(f"runs watch {ID}") == Exit.DONE
    assert "this upload belongs to run shop-other, which is watched instead" in api.said


def test_watching_ends_and_the_run_goes_on(api: FakeApi) -> None:
    api.routes[f"GET /runs/{ID}"] = RUNNING
    assert api.command(f"runs watch {ID} --timeout 1m") == Exit.TIMED_OUT
    assert api.said[-1].endswith(f"it goes on. To watch again: thriftline runs watch {ID}")


def test_ctrl_c_detaches_and_says_how_to_go_on(api: FakeApi) -> None:
    def interrupted(_: Any) -> Any:
        raise KeyboardInterrupt

    api.routes[f"GET /runs/{ID}"] = [RUNNING, interrupted]
    assert api.command(f"runs watch {ID}") == Exit.INTERRUPTED
    assert f"the run goes on. To watch again: thriftline runs watch {ID}" in api.said[-1]
    assert api.changes == []


def test_a_run_that_waits_for_approval_says_with_which_command(api: FakeApi) -> None:
    waiting = a_run(status="waiting_for_approval", state="Wait for approval")
    api.routes[f"GET /runs/{ID}"] = [waiting, waiting, ENDED]
    api.command(f"runs watch {ID}")
    asked = [line for line in api.said if "approvals approve" in line]
    assert asked == [
        f"may it spend up to $12,345.68? thriftline approvals approve {ID}   (or reject)"
    ]


def test_a_terminal_has_one_live_line(api: FakeApi) -> None:
    api.is_terminal = True
    api.command(f"runs watch {ID}")
    assert any(line.startswith("\r\x1b[2K[####") for line in api.said)


@pytest.mark.parametrize("state", STATES)
def test_the_line_fits_and_its_money_is_never_cut(state: str) -> None:
    run = a_run(state=state, progress={**PROGRESS, "phase": "LaunchingMLInstances " * 9})
    line = sentence(run, 80)
    assert len(line) <= 80
    assert line.endswith("$1.23 so far, $12,345.68 at most")


def test_what_is_unknown_is_not_nothing() -> None:
    run = a_run(progress={**PROGRESS, "cost_so_far_usd": None})
    assert sentence(run, 80).endswith("1:02:05  $12,345.68 at most")
    assert "prepares the data" in sentence(a_run(state="Poll preparation"), 80)


def test_the_line_says_the_step_and_what_is_left() -> None:
    run = a_run(progress={**PROGRESS, "step": 450, "steps": 1200, "seconds_left": 95})
    line = sentence(run, 120)
    assert "trains: step 450 of 1,200, 1:35 left" in line
    early = sentence(a_run(progress={**PROGRESS, "step": 1, "steps": 1200}), 120)
    late = sentence(a_run(progress={**PROGRESS, "step": 1200, "steps": 1200}), 120)
    assert early.count("#") < late.count("#")


def test_a_list_of_nothing_is_empty(api: FakeApi) -> None:
    api.routes["GET /runs"] = page()
    assert api.command("runs list --output json") == Exit.DONE
    assert api.answer == []
    api.command("runs list")
    assert api.out == "[]\n"


def test_a_list_fits_into_80_columns(api: FakeApi) -> None:
    long = {"run_id": f"{'p' * 20}-0a1b2c3d4e5f6071", "status": "waiting_for_approval"}
    api.routes["GET /runs"] = page(ENDED, a_run(**long, cost_usd="1234.5"))
    api.command("runs list --project shop --status succeeded")
    lines = api.out.splitlines()
    assert lines[0].split() == ["RUN", "STATUS", "COST", "AT", "MOST"]
    assert lines[1].split()[:4] == [ID, "succeeded", "$0.1234", "$12,345.68"]
    assert max(map(len, lines)) <= 80
    assert "$1,234.50" in lines[2]
    assert api.asked[0].query["project"] == "shop"


def test_a_run_is_a_page_with_its_dollars_and_attempts(api: FakeApi, tmp_path: Path) -> None:
    attempt = {"attempt": 1, "instance_type": "ml.g5.xlarge", "spot": True, "status": "Completed"}
    documents = [{"name": "report.html"}, {"name": "result.json"}]
    api.routes |= {
        f"GET /runs/{ID}": {
            **ENDED,
            "attempts": [{**attempt, "ending": "succeeded", "billed_usd": "0.1234"}],
            "documents": documents,
            "preparation": {
                "engine": "emr_serverless",
                "attempt": 1,
                "status": "SUCCESS",
                "ending": "completed",
                "billed_usd": "0.0353",
            },
        },
        f"GET /runs/{ID}/documents/report.html": Answer(200, b"<html>"),
        f"GET /runs/{ID}/documents/result.json": Answer(200, b"{}"),
    }
    assert api.command(f"runs get {ID} --save {tmp_path}/out") == Exit.DONE
    assert "cost           $0.1234" in api.out
    assert "ended          2026-11-30 03:09Z" in api.out
    rows = [line.split() for line in api.out.splitlines()]
    assert ["preparation", "emr_serverless", "-", "SUCCESS", "completed", "$0.0353"] in rows
    assert ["1", "ml.g5.xlarge", "spot", "Completed", "succeeded", "$0.1234"] in rows
    assert (tmp_path / "out/report.html").read_bytes() == b"<html>"
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "report.html",
        "result.json",
    ]


def asks_for_approval(api: FakeApi) -> None:
    api.routes |= {
        f"GET /runs/{ID}": a_run(status="waiting_for_approval", approval={"worst_case_usd": "3.2"}),
        f"POST /approvals/{ID}/approve": {"run_id": ID, "standing": "approved"},
    }


def test_without_a_terminal_and_without_yes_nothing_is_approved(api: FakeApi) -> None:
    asks_for_approval(api)
    assert api.command(f"approvals approve {ID}") == Exit.REFUSED
    assert api.said == [
        f"thriftline: run {ID} of shop may spend up to $3.20, $0.13 expected. Nobody can be asked "
        "here: say --yes"
    ]
    assert api.changes == []


@pytest.mark.parametrize(("typed", "code"), [("y\n", 0), ("YES\n", 0), ("\n", 3), ("n\n", 3)])
def test_a_terminal_is_asked_with_the_dollars(api: FakeApi, typed: str, code: int) -> None:
    asks_for_approval(api)
    api.is_terminal, api.typed = True, typed
    assert api.command(f"approvals approve {ID}") == code
    assert "may spend up to $3.20" in api.said[0]
    said = [one.body for one in api.changes]
    assert said == ([{"worst_case_usd": "3.2"}] if code == 0 else [])


def test_a_run_that_asked_for_nothing_cannot_be_approved(api: FakeApi) -> None:
    assert api.command(f"approvals approve {ID} --yes") == Exit.NOT_FOUND
    assert "has not asked for an approval" in api.said[0]


def test_an_approval_that_came_too_late_is_refused(api: FakeApi) -> None:
    asks_for_approval(api)
    api.routes[f"POST /approvals/{ID}/approve"] = problem(409, "ann has approved it at 3:00.")
    assert api.command(f"approvals approve {ID} --yes") == Exit.REFUSED
    assert api.said[-1] == "thriftline: ann has approved it at 3:00."


def test_a_preparation_that_is_approved_says_that_its_training_has_no_price(api: FakeApi) -> None:
    asks_for_approval(api)
    found = api.routes[f"GET /runs/{ID}"]
    found["approval"] |= {"part": "preparation", "spent_usd": "0"}
    api.command(f"approvals approve {ID}")
    assert f"the preparation of run {ID} of shop may spend up to $3.20" in api.said[0]
    assert "no price yet" in api.said[0]

    found["approval"] |= {"part": "run", "spent_usd": "0.60"}
    api.command(f"approvals reject {ID}")
    assert "spends no more than the $0.60 of its preparation" in api.said[-1]


def test_what_waits_is_listed_with_its_dollars(api: FakeApi) -> None:
    api.routes["GET /approvals"] = page(
        {
            "run_id": ID,
            "project": "shop",
            "expected_usd": None,
            "worst_case_usd": "99999.99",
            "left_usd": "100000",
            "expires_at": "2026-12-03T03:00:00Z",
        }
    )
    api.command("approvals list")
    assert api.out.splitlines()[1].split()[:4] == [ID, "-", "$99,999.99", "$100,000.00"]
    assert max(map(len, api.out.splitlines())) <= 80


def test_a_run_is_stopped_after_a_question(api: FakeApi) -> None:
    api.routes[f"POST /runs/{ID}/stop"] = {"id": ID, "kind": "run", "href": f"/runs/{ID}"}
    assert api.command(f"runs stop {ID}") == Exit.REFUSED
    assert api.command(f"runs stop {ID} --yes --why late --output json") == Exit.DONE
    assert api.changes[0].body == {"why": "late"}
    assert "$1.23 so far stay billed" in api.said[-1]
    api.routes[f"GET /runs/{ID}"] = a_run(progress={**PROGRESS, "cost_so_far_usd": None})
    api.command(f"runs stop {ID} --yes")
    assert "what was billed so far stays billed" in api.said[-1]


def test_what_bedrock_trained_says_nothing_of_spot(api: FakeApi) -> None:
    metrics = {"result": {"metrics": {"accuracy": 0.975, "macro_f1": 0.9749843652282677}}}
    for trainer in ("sagemaker", "bedrock"):
        api.routes[f"GET /runs/{ID}"] = a_run(trainer=trainer, saved_usd="0", **metrics)
        assert api.command(["runs", "get", ID]) == Exit.DONE
        assert ("saved by Spot" in api.out) == (trainer == "sagemaker")
        assert "0.9750\n" in api.out


def test_a_version_is_approved_and_listed(api: FakeApi) -> None:
    api.routes |= {
        "GET /projects/shop/models": page(
            {
                "version": 3,
                "approval_status": "PendingManualApproval",
                "metrics": {"accuracy": 0.91},
                "cost_usd": "0.1",
                "created_at": "2026-11-30T03:00:00Z",
                "run_id": ID,
            }
        ),
        "POST /projects/shop/models/3/approval": {"version": 3, "approval_status": "Approved"},
    }
    api.command("models list shop")
    assert api.out.splitlines()[1].split()[:3] == ["3", "PendingManualApproval", "0.9100"]
    assert max(map(len, api.out.splitlines())) <= 80
    assert api.command("models approve shop 3 --yes --why good") == Exit.DONE
    assert api.changes[0].body == {"status": "Approved", "why": "good"}


def test_a_version_from_a_notebook_names_the_run_that_was_trained_again(api: FakeApi) -> None:
    api.routes["GET /projects/shop/models"] = page(
        {
            "version": 4,
            "approval_status": "PendingManualApproval",
            "accuracy": 0.92,
            "cost_usd": None,
            "run_id": "shop-nb0123456789abcd",
            "source_run_id": ID,
        }
    )
    api.command("models list shop")
    assert f"retrained {ID}" in api.out
    assert "shop-nb" not in api.out


def test_the_budget_is_one_look(api: FakeApi) -> None:
    api.routes["GET /budget"] = {
        "month": "2026-11",
        "cap_usd": "1000",
        "spent_usd": "12.5",
        "external_usd": "0",
        "held_usd": "3",
        "left_usd": "984.5",
        "running_usd_per_hour": None,
        "at_risk_usd": "0",
        "projects": [{"project": "shop", "cap_usd": None, "committed_usd": "9", "left_usd": "1"}],
    }
    assert api.command("budget") == Exit.DONE
    assert "left                        $984.50" in api.out
    assert "running now, an hour        -" in api.out
    assert api.out.splitlines()[-1].split() == ["shop", "-", "$9.00", "$1.00"]


def test_the_budget_names_what_has_no_price_and_shows_the_known_parts(api: FakeApi) -> None:
    api.routes["GET /budget"] = {
        "month": "2026-11",
        **dict.fromkeys(("cap_usd", "spent_usd", "external_usd", "held_usd", "left_usd"), "1"),
        "running_usd_per_hour": None,
        "running_parts": {
            "training_usd_per_hour": "1.5",
            "preparation_usd_per_hour": "0",
            "endpoints_usd_per_hour": "0.115",
            "unknown": ["thriftline-claims"],
        },
        "at_risk_usd": "0",
        "projects": [],
    }
    assert api.command("budget") == Exit.DONE
    lines = [" ".join(line.split()) for line in api.out.splitlines()]
    assert "running now, an hour $1.62 and what is unknown" in lines
    assert "of that endpoints $0.115" in lines
    assert "of unknown price thriftline-claims" in lines


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "-"),
        ("0", "$0.00"),
        ("0.00004", "$0.00"),
        ("0.0384", "$0.0384"),
        ("0.5", "$0.50"),
        ("1.2345", "$1.23"),
        ("1234567.891", "$1,234,567.89"),
        ("-0.5", "-$0.50"),
    ],
)
def test_dollars_as_people_read_them(amount: Any, shown: str) -> None:
    assert usd(amount) == shown


def test_rates_are_listed_as_they_are(api: FakeApi) -> None:
    rate = {
        "instance_type": "ml.g5.xlarge",
        "component": "Training",
        "region": "us-east-1",
        "usd": "1.40845",
        "date": "2026-05-20",
    }
    api.routes["GET /prices"] = page(rate)
    assert api.command("prices show ml.g5.xlarge --component Training") == Exit.DONE
    assert api.out.splitlines()[1].split()[:2] == ["ml.g5.xlarge", "$1.40845"]
    assert api.asked[0].query["instance_type"] == "ml.g5.xlarge"


def test_after_the_last_step_more_follows(api: FakeApi) -> None:
    api.routes[f"GET /runs/{ID}"] = a_run(progress={**PROGRESS, "step": 7, "steps": 7})
    api.command(f"runs get {ID}")
    assert "7 of 7; what follows the last step is not counted" in api.out
