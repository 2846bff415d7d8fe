from pathlib import Path

import pytest

from local_aws.__main__ import main

FIXTURE = Path(__file__).parent / "fixture" / "template.yaml"


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> "Refused":
    return Refused(capsys)


class Refused:
    """Starts the server with something wrong, and gives what it says."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> str:
        try:
            status = main(["serve", "--port", "0", *arguments])
        except SystemExit as error:
            status = int(error.code or 0)
        assert status != 0
        said = self._capsys.readouterr()
        assert said.out == ""
        assert "Traceback" not in said.err
        return said.err


def test_an_account_file_that_cannot_be_loaded_is_refused_with_place_rule_and_mend(
    refused: Refused, tmp_path: Path
) -> None:
    account = tmp_path / "account.json"

    assert "account.json: No such file" in refused("--account", str(account))
    account.write_text("{")
    assert "is not JSON" in refused("--account", str(account))
    account.write_text('{"account_id": "123456789012", "region": "us-west-2", "now": "today"}')
    assert "now: Input should be a valid datetime" in refused("--account", str(account))
    assert "2025-11-03T12:00:00Z" in refused("--account", str(account))
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no *.json in this folder" in refused("--account", str(empty))


def test_a_wrong_option_is_refused_in_one_clear_line(refused: Refused, tmp_path: Path) -> None:
    assert "must be greater than 0" in refused("--time-scale", "0")
    assert "is not Key=Value" in refused("--parameter", "Greeting")
    fixture = ("--template", str(FIXTURE))
    assert "unknown parameters Gruss" in refused(*fixture, "--parameter", "Gruss=a")
    assert "does not match" in refused(*fixture, "--parameter", "Greeting=A B")
    assert "gone.yaml" in refused("--template", str(tmp_path / "gone.yaml"))


def test_a_training_image_needs_an_engine_and_this_repositorys_template(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ("--training-image", "thriftline-training")
    assert "own template, not for --template" in refused("--template", str(FIXTURE), *image)
    monkeypatch.setenv("PATH", str(tmp_path))
    said = refused(*image)
    assert said.count("\n") == 1
    assert "needs a running Docker engine, and none answers" in said


def test_a_machine_without_its_substitution_ends_the_start(
    refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "machine.yaml").write_text(
        "QueryLanguage: JSONata\nStartAt: A\n"
        "States: {A: {Type: Task, Resource: '${Missing}', End: true}}\n"
    )
    template = tmp_path / "template.yaml"
    template.write_text(
        "Transform: AWS::Serverless-2016-10-31\n"
        "Resources:\n"
        "  M:\n"
        "    Type: AWS::Serverless::StateMachine\n"
        "    Properties: {DefinitionUri: machine.yaml, Role: 'arn:aws:iam::123456789012:role/r'}\n"
    )

    assert "no DefinitionSubstitutions for Missing" in refused("--template", str(template))
