"""What `serve` says: a program gets JSON, a person how to go on; a half-made set-up is named."""

import io
import json
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import pytest

from laptop.__main__ import _use
from local_aws import command_line


@dataclass
class FakeAws:
    endpoint: str = "http://127.0.0.1:4566"
    outputs: dict[str, str] = field(default_factory=lambda: {"DataBucketName": "data"})


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def ready(stdout: io.StringIO) -> str:
    prepared: list[Any] = []
    command_line._ready(cast("Any", FakeAws()), prepared.append, stdout, _use)
    assert len(prepared) == 1
    return stdout.getvalue()


def test_a_program_gets_one_line_of_json() -> None:
    (line,) = ready(io.StringIO()).splitlines()
    assert json.loads(line) == asdict(FakeAws())


def test_a_person_gets_what_to_type_next_in_eighty_columns() -> None:
    said = ready(Screen())
    assert f"AWS_ENDPOINT_URL={FakeAws().endpoint}\n" in said
    assert "thriftline runs submit" in said
    assert "DataBucketName" not in said
    assert max(map(len, said.splitlines())) <= 80


def test_a_package_that_is_missing_is_named_with_the_fix(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work() -> int:
        raise ModuleNotFoundError("No module named 'moto.core'", name="moto.core")

    assert command_line.with_all_packages("laptop", work) == 1
    said = capsys.readouterr().err
    assert said.startswith("laptop: the package moto is missing in ")
    assert said.endswith("run make setup\n")


def test_a_fault_of_our_own_is_not_taken_for_a_missing_package() -> None:
    def work() -> int:
        raise ModuleNotFoundError("No module named 'laptop.gone'", name="laptop.gone")

    with pytest.raises(ModuleNotFoundError):
        command_line.with_all_packages("laptop", work)
