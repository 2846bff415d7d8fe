"""Every command that README and the documents show is one that its program takes.

tests/integration/documents/ runs each that can run here, and says of the others why not. Here each
is read as its program reads it, those in sentences too, so that none is left that a program would
refuse.
"""

import re
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from laptop.__main__ import _parser as laptop_parser
from tests.documents import ROOT, commands, parts, spans
from tests.integration.documents.documented import ANSWERS, LEFT, documented
from tests.integration.documents.not_here import NOT_HERE
from thriftline_cli.examples import EXAMPLES
from thriftline_cli.options import parsed

# What stands for a thing of the reader's own.
_PLACES = {"PROJECT": "mine", "RUN": "mine-0a1b", "NAME": "an-endpoint", "FOLDER": "out"}
# Options of the AWS CLI itself.
_AWS_OWN = {"query", "output", "region", "profile", "endpoint-url", "cli-binary-format"}
# Programs of others.
_OTHERS = {start.split()[0] for start in NOT_HERE}


def refused(words: list[str]) -> str | None:
    """Returns why a command's program would not take it; None where it would."""
    program, rest = Path(words[0]).name, words[1:]
    if program in _READERS:
        return _READERS[program](rest)
    return None if program in _OTHERS else "no test knows this program"


def _of_thriftline(words: list[str]) -> str | None:
    try:
        parsed([_PLACES.get(word, word).replace("BUCKET", "a-bucket") for word in words])
    except SystemExit as end:
        return None if end.code == 0 else "thriftline does not take it"
    return None


def _of_make(words: list[str]) -> str | None:
    makefile = (ROOT / "Makefile").read_text()
    targets = [word for word in words if "=" not in word]
    variables = [word.partition("=")[0] for word in words if "=" in word]
    missing = [one for one in targets if not re.search(rf"^{one}:", makefile, re.MULTILINE)]
    unused = [one for one in variables if f"$({one})" not in makefile]
    return f"make has no {missing} {unused}" if missing or unused else None


def _of_python(words: list[str]) -> str | None:
    if words[:2] in (["-m", "local_aws"], ["-m", "laptop"]):
        try:
            laptop_parser().parse_args(words[2:])
        except SystemExit:
            return "its parser does not take it"
        return None
    # What a command before it has made lies in no checkout.
    made = ("prepare.py",)
    return None if words[0] in made or (ROOT / words[0]).is_file() else f"there is no {words[0]}"


@cache
def _service(name: str) -> Any:
    return Session().get_service_model(name)


def _of_aws(words: list[str]) -> str | None:
    service, operation, *rest = words
    if service == "s3":
        return None if operation in ("cp", "ls") else "s3 has other commands"
    model = _service(service)
    named = {re.sub(r"(?<!^)(?=[A-Z])", "-", one).lower(): one for one in model.operation_names}
    if operation not in named:
        # These are the CLI's own.
        own = operation in ("get-login-password", "deploy")
        return None if own else f"{service} has no {operation}"
    shape = model.operation_model(named[operation]).input_shape
    members = {one.lower() for one in shape.members}
    options = [one.removeprefix("--") for one in rest if one.startswith("--")]
    unknown = [one for one in options if one.replace("-", "") not in members]
    return f"{operation} has no {set(unknown) - _AWS_OWN}" if set(unknown) - _AWS_OWN else None


_READERS: dict[str, Callable[[list[str]], str | None]] = {
    "thriftline": _of_thriftline,
    "make": _of_make,
    "python": _of_python,
    "python3": _of_python,
    "aws": _of_aws,
}


@pytest.mark.parametrize("page", sorted({name for name, _ in commands()}))
def test_every_command_is_one_that_its_program_takes(page: str) -> None:
    wrong = [
        f"{shlex.join(words)}: {why}"
        for name, words in commands()
        if name == page and (why := refused(words))
    ]
    assert wrong == []


def test_every_command_in_a_sentence_is_whole_or_the_name_of_one() -> None:
    asked = [words for _, words in spans("aws") if len(words) > 3 and "…" not in words]
    assert [shlex.join(words) for words in asked if refused(words)] == []
    found = list(spans("thriftline"))
    assert len(found) > 10
    assert [
        shlex.join(words) for _, words in found if not _is_name(words[1:]) and refused(words)
    ] == []


def _is_name(words: list[str]) -> bool:
    """Whether a sentence speaks of a command, or of a group of them, and not of what is typed."""
    names = {name for one in EXAMPLES for name in (one, one.split()[0])}
    return not words or " ".join(words) in names


@pytest.mark.parametrize(
    "line",
    [
        "thriftline runs lst",
        "thriftline endpoints deploy",
        "thriftline audit accept X --by me",
        "make no-such-target",
        "make estimate NO=1",
        "python -m laptop approve RUN",
        "python tools/gone.py",
        "aws lambda invoke --function X",
        "aws sagemaker describe-endpint --endpoint-name X",
        "frobnicate",
    ],
)
def test_what_a_program_would_refuse_is_found(line: str) -> None:
    assert [refused(words) for words in parts(line)] != [None]


def test_a_line_falls_into_its_commands() -> None:
    line = 'A=1 B=$(aws s3 ls x) docker build . | tee y && make "demo" # note; not this'
    assert list(parts(line)) == [
        ["aws", "s3", "ls", "x"],
        ["docker", "build", "."],
        ["tee", "y"],
        ["make", "demo"],
    ]


def test_every_command_runs_or_a_list_says_why_not() -> None:
    found = list(documented())
    runs = [one for one in found if one.why_not is None]
    assert len(runs) > 60
    of_none = [one.name for one in runs if not any(map(one.begins, ANSWERS))]
    assert of_none == [], "say in ANSWERS what it answers, or in NOT_HERE why it does not run"


def test_both_lists_have_nothing_that_no_document_shows() -> None:
    found = list(documented())
    for starts in (NOT_HERE, ANSWERS, LEFT):
        unused = [start for start in starts if not any(one.begins(start) for one in found)]
        assert unused == []


def test_what_runs_a_command_elsewhere_is_there() -> None:
    tests = re.findall(r"tests/[\w/.]+", " ".join(NOT_HERE.values()))
    assert len(tests) > 15
    assert [one for one in tests if not (ROOT / one).exists()] == []
