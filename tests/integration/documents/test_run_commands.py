"""What the documents show about runs, models and endpoints is typed, word for word."""

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.documents import ROOT
from tests.integration.documents.documented import (
    THOROUGH,
    Command,
    Desk,
    distinct,
    looks_bad,
    wrong,
)
from tests.integration.documents.shell import BASE, Shell, block_with
from tests.integration.documents.stand_ins import of_runs
from tests.integration.documents.world import Documented, application
from tests.integration.workflow.world import csv_of


@pytest.fixture(scope="module")
def world() -> Iterator[Documented]:
    with application() as aws:
        yield Documented(aws)


def marked(command: Command) -> ParameterSet:
    """Returns a command as a case of a test."""
    is_long = any(map(command.begins, THOROUGH))
    return pytest.param(command, id=command.name, marks=[pytest.mark.thorough] if is_long else [])


@pytest.mark.parametrize("command", [marked(one) for one in distinct(is_of_audits=False)])
def test_a_command_does_what_its_page_says(
    command: Command, world: Documented, tmp_path: Path
) -> None:
    prepared = of_runs(world, command.page, command.words)
    assert wrong(command, prepared, Desk(world.aws, tmp_path)) is None


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("runs get RUN", ("status ", "worst case ", "accuracy ", "ATTEMPT", "report.html")),
        ("ledger", ("uploaded", "registered", "WHO", "OF")),
        pytest.param(
            "endpoints list",
            ("thriftline-reviews", "InService", "A MONTH"),
            marks=pytest.mark.thorough,
        ),
        pytest.param("endpoints schedule reviews show", ("is on",), marks=pytest.mark.thorough),
        pytest.param(
            "endpoints deploy reviews --dry-run",
            ("roll-out costs ", "minutes", "a month, at most "),
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_a_terminal_of_80_columns_shows_the_answer_whole(
    line: str, held: tuple[str, ...], world: Documented, tmp_path: Path
) -> None:
    words = of_runs(world, "", ["thriftline", *line.split()]).words
    done = Desk(world.aws, tmp_path).run(words, shows=True)
    assert done.code == 0, done.out
    assert looks_bad(done) == []
    assert [one for one in held if one not in done.out] == []


@pytest.mark.parametrize(
    "line",
    [
        "runs watch RUN",
        pytest.param("endpoints deploy reviews --dry-run", marks=pytest.mark.thorough),
    ],
)
def test_a_pipe_gets_the_answer_alone(line: str, world: Documented, tmp_path: Path) -> None:
    words = of_runs(world, "", ["thriftline", *line.split()]).words
    done = Desk(world.aws, tmp_path).run([*words, "--output", "json"])
    assert done.code == 0, done.err
    # Neither the checks nor the live line, which a person sees, are in it.
    assert done.out == json.dumps(json.loads(done.out), indent=2, ensure_ascii=False) + "\n"


def test_files_that_are_held_out_start_one_run_with_the_others(
    world: Documented, tmp_path: Path
) -> None:
    shell = Shell(tmp_path, world.aws)
    header, *rows = csv_of(600).splitlines(keepends=True)
    (tmp_path / "rows.csv").write_text("".join([header, *rows[:500]]))
    (tmp_path / "held.csv").write_text("".join([header, *rows[500:]]))

    line = "thriftline runs submit rows.csv --validation held.csv --project held --wait"
    ended = json.loads(shell.run(f"{line} --every 0.5s --output json"))

    assert ended["status"] == "succeeded", ended
    assert ended["result"]["dataset"]["splits"]["validation"] == 100
    listed = json.loads(shell.run("thriftline runs list --project held --output json"))
    assert [one["run_id"] for one in listed] == [ended["run_id"]]


def test_the_image_goes_to_the_repository_that_the_stack_has_made_on_a_base_by_its_digest(
    world: Documented, tmp_path: Path
) -> None:
    shell = Shell(tmp_path, world.aws)
    (tmp_path / "training_image").symlink_to(ROOT / "training_image")
    assert f"the base: {BASE}\n" in shell.run(block_with("TrainingRepositoryUri"))

    repository = world.aws.outputs["TrainingRepositoryUri"]
    base_login, pull, inspect, login, build, push = shell.docker.read_text().splitlines()
    assert re.search(
        r"--password-stdin \d{12}\.dkr\.ecr\.us-east-1\.amazonaws\.com$", base_login.strip()
    )
    assert pull.startswith("docker pull ")
    assert inspect == f"docker inspect --format {{{{index .RepoDigests 0}}}} {pull[12:]}"
    assert login == f"docker login --username AWS --password-stdin {repository.split('/')[0]}"
    assert (
        build == f"docker build -t {repository}:0.1.0 --build-arg BASE_IMAGE={BASE} training_image"
    )
    assert push == f"docker push {repository}:0.1.0"


def test_the_page_is_served_until_ctrl_c(world: Documented, tmp_path: Path) -> None:
    words = ["thriftline", "ui", "--no-browser"]
    desk = Desk(world.aws, tmp_path)
    # Tests that run in the background of a shell inherit that Ctrl-C is ignored, and pass it on.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        desk.command(words), env=desk.environment, stdout=subprocess.PIPE, text=True
    ) as page:
        try:
            assert page.stdout is not None
            address = page.stdout.readline().strip()
            assert address.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(address, timeout=20) as answer:
                assert b"<!doctype html>" in answer.read()
            page.send_signal(signal.SIGINT)
            assert page.wait(timeout=20) == 130
        finally:
            page.kill()
            signal.signal(signal.SIGINT, before)
