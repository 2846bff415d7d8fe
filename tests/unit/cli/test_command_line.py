"""The command line itself: its help, its options, its completion, its faults."""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.cli.fake_api import FakeApi, page, problem
from thriftline_cli import checkout
from thriftline_cli.commands.local import PROGRAMS, program
from thriftline_cli.examples import example_of
from thriftline_cli.exits import CommandError, Exit
from thriftline_cli.main import main
from thriftline_cli.options import COMMANDS, duration, parsed, parser_for

ROOT = Path(__file__).parents[3]
HEAVY = ("boto3", "botocore", "rich", "pydantic", "urllib3", "jmespath", "jsonschema", "ruamel")


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    if not groups:
        yield parser
    for group in groups:
        for one in group.choices.values():
            yield from leaves(one)


LEAVES = {" ".join(one.prog.split()[1:]): one for one in leaves(parser_for(None))}


def python(*words: str) -> str:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "cli")}
    done = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("words", [["--help"], ["runs", "--help"], ["runs", "submit", "--help"]])
def test_help_imports_none_of_what_is_slow(words: list[str]) -> None:
    code = (
        "import sys; from thriftline_cli.main import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    assert python("-c", code).splitlines()[-1] == "[]"


def test_completion_imports_none_of_what_is_slow_and_knows_every_command() -> None:
    code = (
        "import sys; from thriftline_cli.options import parser_for\n"
        f"parser_for(None); print(sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    assert python("-c", code).strip() == "[]"
    for shell in ("bash", "zsh", "fish"):
        script = python("-m", "thriftline_cli", "completion", shell)
        assert "thriftline" in script


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_module_with_its_two_functions(name: str) -> None:
    assert parser_for([name]).format_help()
    assert (ROOT / f"cli/thriftline_cli/commands/{name}.py").exists()


@pytest.mark.parametrize("name", [name for name in LEAVES if not name.startswith("local ")])
def test_every_command_takes_the_options_of_connection_and_answer(name: str) -> None:
    known = set(LEAVES[name]._option_string_actions)
    wanted = {"--output", "--query", "--profile", "--region", "--stack", "--endpoint-url"}
    assert {*wanted, "--no-color"} <= known
    # A command that changes something can rehearse it, and can be told not to ask.
    assert ("--dry-run" in known) == ("--yes" in known)


@pytest.mark.parametrize("name", LEAVES)
def test_help_fits_into_80_columns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert max(map(len, LEAVES[name].format_help().splitlines())) <= 80


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_shows_an_example_of_itself(name: str) -> None:
    line = example_of(f"thriftline {name}", 76)
    assert max(map(len, line.splitlines())) <= 76
    words = shlex.split(line.replace("BUCKET", "bucket").replace("\\\n", ""))[1:]
    # A program of a checkout has a parser of its own.
    if not name.startswith("local "):
        assert " ".join(words).startswith(name)
        parsed(words)
        assert line.splitlines()[0] in LEAVES[name].format_help()


def test_the_help_has_a_line_for_each_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = [line.strip() for line in parser_for(None).format_help().splitlines()]
    for name, about in COMMANDS.items():
        assert any(re.fullmatch(rf"{name} +{re.escape(about)}", line) for line in lines), name


@pytest.mark.parametrize("name", LEAVES)
def test_the_usage_is_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert len(LEAVES[name].format_usage().splitlines()) == 1


def test_options_stand_before_the_command_or_behind_it() -> None:
    before = parsed(["--stack", "s", "--output", "json", "runs", "list"])
    behind = parsed(["runs", "list", "--stack", "s", "--output", "json"])
    assert (before.stack, before.output) == (behind.stack, behind.output) == ("s", "json")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("2h", 7200), ("0s", 0)]
)
def test_a_time_has_a_unit(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "-1s", "1d", "1 h", "nan", "1e3s"])
def test_what_is_no_time_is_a_fault_of_usage(text: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(["runs", "watch", "r", f"--timeout={text}"])
    assert ended.value.code == Exit.USAGE


def test_a_stack_that_is_not_there_is_one_line() -> None:
    api = FakeApi(outputs={})
    assert api.command("budget") == Exit.NOT_FOUND
    assert api.said == ["thriftline: the stack has no output ApiUrl; deploy its newest template"]


def test_the_stack_is_named_by_option_or_environment() -> None:
    class Named(FakeApi):
        def describe_stacks(self, StackName: str) -> object:
            self.said.append(StackName)
            return super().describe_stacks(StackName)

    api = Named(routes={"GET /budget": problem(404, "no")}, environ={"THRIFTLINE_STACK": "mine"})
    api.command("budget")
    api.command("budget --stack other")
    assert [one for one in api.said if "no" not in one] == ["mine", "other"]


def test_the_embedded_aws_on_this_machine_needs_no_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    here = FakeApi(routes={"GET /runs": page()})
    assert here.command("runs list") == Exit.DONE
    assert "Credential=test/" in here.asked[0].headers["Authorization"]
    far = FakeApi(routes={"GET /runs": page()})
    assert far.command("runs list --endpoint-url https://aws.example.com") == Exit.NOT_ALLOWED
    assert far.said[0].startswith("thriftline: No AWS credentials")
    assert far.asked == []


def test_credentials_of_a_file_are_for_aws_and_not_for_the_embedded_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    file = tmp_path / "credentials"
    file.write_text("[default]\naws_access_key_id = mine\naws_secret_access_key = b\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    for words, key in (("budget", "test"), ("budget --profile default", "mine")):
        api = FakeApi(routes={"GET /budget": problem(404, "no")})
        api.command(words)
        assert f"Credential={key}/" in api.asked[0].headers["Authorization"]


def test_a_checkout_is_found_from_a_folder_inside() -> None:
    assert checkout.found(ROOT / "tests/unit") == ROOT
    assert checkout.required("local serve", ROOT) == ROOT


def test_without_a_checkout_it_is_one_clear_line(tmp_path: Path) -> None:
    package = tmp_path / "site-packages"
    package.mkdir()
    (package / "thriftline_cli").symlink_to(ROOT / "cli/thriftline_cli")
    code = (
        "import pathlib, thriftline_cli.checkout as c; c._HERE = pathlib.Path('/nowhere')\n"
        "from thriftline_cli.main import main; raise SystemExit(main(['local', 'serve']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.NOT_FOUND
    assert done.stderr.splitlines() == [
        "thriftline: local serve needs a checkout of Thriftline: git clone it, and call this inside"
    ]


def test_local_programs_are_those_of_the_laptop(tmp_path: Path) -> None:
    from laptop.__main__ import _parser

    group = next(one for one in _parser()._actions if isinstance(one, argparse._SubParsersAction))
    assert set(PROGRAMS) <= set(group.choices)
    command, environment = program(tmp_path, "serve", ["--port", "0"], {"PYTHONPATH": "/x"})
    assert command == [sys.executable, "-m", "laptop", "serve", "--port", "0"]
    assert environment["PYTHONPATH"] == f"{tmp_path}:/x"
    assert environment["THRIFTLINE_PROGRAM"] == "thriftline local"
    assert parsed(["local", "serve", "--port", "0"]).words == ["--port", "0"]


def test_a_local_program_is_titled_as_it_was_called() -> None:
    from laptop.__main__ import _parser

    assert _parser("thriftline local").prog == "thriftline local"
    assert _parser().prog == "python -m laptop"


def test_a_command_error_carries_its_code() -> None:
    assert CommandError("no", Exit.REFUSED).code == 3


def test_an_aws_that_does_not_answer_is_one_line() -> None:
    def dead(**_: object) -> object:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9/")

    api = FakeApi()
    api.describe_stacks = dead  # type: ignore[method-assign, assignment]
    assert api.command("runs list") == Exit.NOT_FOUND
    assert api.said == [
        'thriftline: Could not connect to the endpoint URL: "http://127.0.0.1:9/". '
        "Is `thriftline local serve` running?"
    ]
    away = FakeApi(environ={"AWS_ENDPOINT_URL": "https://aws.example"})
    away.describe_stacks = dead  # type: ignore[method-assign, assignment]
    assert away.command("runs list") == Exit.NOT_FOUND
    assert "local serve" not in away.said[-1]


@pytest.mark.parametrize("line", [[], ["runs"], ["endpoints"]])
def test_a_command_that_is_missing_is_answered_by_the_help(
    line: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code == 2
    answered = capsys.readouterr()
    assert answered.out == ""
    assert answered.err.startswith("usage: thriftline")
    assert answered.err.endswith("\nName a command.\n")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (["run", "list"], "thriftline: 'run' is no command. Did you mean runs?"),
        (["runs", "lst"], "thriftline runs: 'lst' is no command. Did you mean list?"),
        (["submit"], "thriftline: 'submit' is no command. Did you mean runs submit?"),
        (["rolback"], "thriftline: 'rolback' is no command. Did you mean endpoints rollback?"),
        (
            ["accept", "x"],
            "thriftline: 'accept' is no command. Did you mean audit accept?",
        ),
        (["xyzzy"], "thriftline: 'xyzzy' is no command. thriftline --help has all."),
    ],
)
def test_a_command_that_is_none_names_the_nearest(
    line: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(said)


def test_an_address_without_its_scheme_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["budget", "--endpoint-url", "localhost:4566"]) == Exit.USAGE
    assert "the endpoint URL localhost:4566 lacks http:// or https://" in capsys.readouterr().err
