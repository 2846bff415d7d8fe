"""docs/serving.md against the code: commands, verdicts, limits, alarms."""

import re
import shlex
from decimal import Decimal
from pathlib import Path

from thriftline.serving.domain.alarms import (
    LEAST_WATCHED_SECONDS,
    MOST_ALARMS,
    Champion,
    Fleet,
    alarms_of,
)
from thriftline.serving.domain.combinations import refusals
from thriftline.serving.domain.kinds import AlarmSettings, Kind, Rollout, RolloutType, ServingWish
from thriftline.serving.domain.rollout import (
    MOST_LIMIT_SECONDS,
    MOST_WAIT_SECONDS,
    PERCENT_BOUNDS,
)
from thriftline.serving.domain.stickiness import variant_of
from thriftline.serving.domain.verdicts import Outcome
from thriftline.serving.steps.publish_endpoint_page import page_key
from thriftline_cli.exits import Exit
from thriftline_cli.options import parsed

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/serving.md").read_text()
README = (ROOT / "README.md").read_text()


def commands(text: str) -> list[str]:
    return re.findall(r"^(?:\.venv/bin/)?thriftline (endpoints .+)$", text, re.M)


def rows(heading: str) -> list[list[str]]:
    """The rows of the table that begins with a heading."""
    block = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return [line.strip("| ").split(" | ") for line in block.splitlines()[2:]]


def test_every_command_that_is_shown_is_one() -> None:
    assert (len(commands(PAGE)), len(commands(README))) == (5, 6)
    for line in commands(PAGE) + commands(README):
        assert parsed(shlex.split(line.partition("  #")[0])).project


def test_the_table_has_every_command() -> None:
    named = {row[0].strip("`") for row in rows("command")}
    assert named == {"deploy", "rollback", "abort", "compare", "schedule", "list"}


def test_the_exit_codes_are_the_commands() -> None:
    assert [int(row[0]) for row in rows("exit code")] == sorted(Exit)


def test_the_verdicts_are_the_codes() -> None:
    assert [row[0] for row in rows("verdict")] == list(Outcome)


def test_the_sizes_of_steps_are_those_that_are_checked() -> None:
    shown = {row[0].strip("`"): row[1] for row in rows("type")}
    assert set(shown) == set(RolloutType)
    for type_, (least, most) in PERCENT_BOUNDS.items():
        assert f"{least} to {most} %" in shown[type_]


def test_the_alarms_are_those_that_are_made() -> None:
    made = alarms_of(
        Kind.ASYNCHRONOUS,
        Fleet("e", "main", "c"),
        "d",
        AlarmSettings(quality=True),
        Champion(Decimal(0), Decimal(1)),
    )
    shown = {(row[0], row[1].strip("`"), row[2]) for row in rows("alarm")}
    assert shown == {(one.what, one.metric, one.statistic) for one in made}
    assert MOST_ALARMS == 10
    assert f"at least {LEAST_WATCHED_SECONDS} seconds" in " ".join(PAGE.split())


def test_the_limits_are_those_that_refuse() -> None:
    assert f"at most {MOST_WAIT_SECONDS} seconds" in PAGE
    assert f"{MOST_LIMIT_SECONDS // 3600} hours" in PAGE
    for type_ in PERCENT_BOUNDS:
        assert refusals(ServingWish(rollout=Rollout(type_)))
    serverless = ServingWish(kind=Kind.SERVERLESS, rollout=Rollout(RolloutType.CANARY))
    assert refusals(serverless)


def test_what_the_page_names_is_there() -> None:
    assert variant_of("user", "x-1", 0.0) == "main"
    assert f"`{page_key('{endpoint}')}`" in PAGE
    for path in re.findall(r"`((?:functions|statemachines|cli)/[\w./]+)`", PAGE):
        assert (ROOT / path).exists(), path
