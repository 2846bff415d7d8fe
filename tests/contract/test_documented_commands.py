"""Every command that README and the documents show is one that its program takes.

Those that can run here do in a test of their own: README's in
tests/integration/workflow/test_readme_commands.py, a demo in its capability's tests. Here each is
read as its program reads it, so that none is left that a program would refuse.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from laptop.__main__ import _parser as laptop_parser
from thriftline_cli.options import parsed

ROOT = Path(__file__).parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "cli/README.md")),
    *(ROOT / f"{name}/README.md" for name in ("local_aws", "training_image", "preparation")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "deploy").rglob("*.md")),
]
# A drawing in a fence of its own, and no commands.
DRAWINGS = ("docs/architecture.md",)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SHELL = ("", "sh", "bash", "shell", "console")
# What stands for a thing of the reader's own.
_PLACES = {"PROJECT": "mine", "RUN": "mine-0a1b", "NAME": "an-endpoint", "FOLDER": "out"}
_SEPARATORS = {"|", "&&", "||", ";", "&"}
# Options of the AWS CLI itself.
_AWS_OWN = {"query", "output", "region", "profile", "endpoint-url", "cli-binary-format"}
# Programs of others, and what runs these very lines, or why nothing here can.
_OTHERS = {
    "bash": "within docker run, below",
    "cd": "the shell's own",
    "curl": "tests/training/test_serving.py sends this body to this route",
    "cut": "tests/integration/workflow/test_readme_commands.py runs the line",
    "docker": "tests/containers/ builds and runs the image where an engine is",
    "echo": "the shell's own",
    "export": "the shell's own",
    "jupyter": "tests/sdk/test_notebook.py executes the notebook",
    "pip": "tests/unit/cli/test_command_line.py names the package; make setup installs it",
    "printf": "tests/containers/ makes the same image",
    "sam": "tests/containers/test_sam_local.py builds and invokes by this program",
    "sed": "tests/integration/workflow/test_readme_commands.py runs the line",
    "terraform": "tests/contract/test_terraform.py reads what it applies; no provider is at hand",
}


def commands() -> Iterator[tuple[str, list[str]]]:
    """Yields each command of each page, as words."""
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        if name in DRAWINGS:
            continue
        for language, block in _FENCE.findall(page.read_text()):
            if language in _SHELL:
                for line in block.replace("\\\n", " ").splitlines():
                    yield from ((name, words) for words in _parts(line))


def _parts(line: str) -> Iterator[list[str]]:
    """Yields the commands of a line, those within $( ) too, without what sets variables."""
    for inner in re.findall(r"\$\(([^()]+)\)", line):
        yield from _parts(inner)
    plain = re.sub(r"\$\([^()]+\)", "VALUE", line)
    reader = shlex.shlex(plain, posix=True, punctuation_chars=";|&")
    reader.whitespace_split, reader.commenters = True, "#"
    words: list[str] = []
    for word in [*reader, ";"]:
        if word not in _SEPARATORS:
            words.append(word)
            continue
        while words and re.fullmatch(r"\w+=.*", words[0], re.DOTALL):
            words = words[1:]
        if words:
            yield words
        words = []


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
    if operation not in named and operation != "get-login-password":
        return f"{service} has no {operation}"
    if operation not in named:
        return None
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
    assert [refused(words) for words in _parts(line)] != [None]


def test_a_line_falls_into_its_commands() -> None:
    line = 'A=1 B=$(aws s3 ls x) docker build . | tee y && make "demo" # note; not this'
    assert list(_parts(line)) == [
        ["aws", "s3", "ls", "x"],
        ["docker", "build", "."],
        ["tee", "y"],
        ["make", "demo"],
    ]


def test_what_is_said_of_others_is_of_commands_that_are_there() -> None:
    used = {Path(words[0]).name for _, words in commands()}
    assert set(_OTHERS) - used == {"bash"} - used
    tests = re.findall(r"tests/[\w/.]+", " ".join(_OTHERS.values()))
    assert [one for one in tests if not (ROOT / one).exists()] == []
