"""Watching a run: its one line, how watching ends, and what the exit code says."""

from typing import Any

import pytest

from tests.unit.cli.fake_api import FakeApi
from tests.unit.cli.runs_api import ENDED, ID, PROGRESS, RUNNING, a_run
from thriftline_cli.exits import Exit
from thriftline_cli.runs.states import STATES
from thriftline_cli.runs.watching import sentence


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


def test_after_the_last_step_more_follows(api: FakeApi) -> None:
    api.routes[f"GET /runs/{ID}"] = a_run(progress={**PROGRESS, "step": 7, "steps": 7})
    api.command(f"runs get {ID}")
    assert "7 of 7; what follows the last step is not counted" in api.out
