"""What is built of other people's code is held: pins, hashes, commits, digests, revisions."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Collection
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tools.audit_dependencies import (
    CLEAN,
    NO_ANSWERS,
    NOT_AUDITED,
    VULNERABLE,
    exit_code,
    verdict,
)

ROOT = Path(__file__).parents[2]
# What is deployed, or runs people's data: each file of each package is held by its hash.
HASHED = {
    "functions/requirements.txt",
    "layers/api/requirements.txt",
    "training_image/requirements.txt",
    "requirements-preparation.txt",
    "requirements-preparation-35.txt",
}
LOCKS = {
    "functions/requirements.in": "functions/requirements.txt",
    "training_image/requirements.in": "training_image/requirements.txt",
}
# Of developers' machines and benchmarks: exact versions.
PINNED = {
    *LOCKS,
    "training_image/requirements-torch.txt",
    "benchmarks/requirements.txt",
    "benchmarks/requirements-audit.txt",
    "benchmarks/requirements-defaults.txt",
    "benchmarks/requirements-defaults-texts.txt",
    "benchmarks/requirements-preparation.txt",
    "benchmarks/requirements-training.txt",
    *(
        f"requirements-{name}.txt"
        for name in (
            *("bedrock", "browser", "dev", "fuzz", "lambda", "mutants", "sam", "sdk"),
            "supply-chain",
        )
    ),
}
OWN = {"thriftline", "thriftline_cli", "training_image"}
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[^\]]+\])?==(?P<version>[^ ;\\]+)")


def entries(name: str) -> list[str]:
    """Returns the entries of a requirements file, each with its continued lines."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    lines = (line.partition(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def pins(name: str) -> dict[str, str]:
    """Returns the version of each package of a file."""
    found = {}
    for entry in entries(name):
        pin = _PIN.match(entry)
        assert pin, f"{name}: {entry[:60]} is not held at one version"
        found[re.sub(r"[-_.]+", "-", pin["name"]).lower()] = pin["version"]
    return found


def test_every_requirements_file_is_one_that_is_held() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "*requirements*.txt", "*requirements*.in"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert set(tracked) <= HASHED | PINNED, "hold a new file here"


@pytest.mark.parametrize("name", sorted(HASHED | PINNED))
def test_every_package_is_held_at_one_version(name: str) -> None:
    if not (ROOT / name).exists():
        pytest.skip(f"{name} is not there")
    assert pins(name) or name in PINNED


@pytest.mark.parametrize("name", sorted(HASHED))
def test_what_is_deployed_is_held_by_the_hash_of_each_file(name: str) -> None:
    for entry in entries(name):
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})\b", entry)
        assert hashes, f"{name}: {entry[:60]} has no hash"


@pytest.mark.parametrize("asked", sorted(LOCKS))
def test_a_lock_has_what_is_asked_for_at_the_same_version(asked: str) -> None:
    wanted, locked = pins(asked), pins(LOCKS[asked])
    assert wanted.items() <= locked.items(), "make locks"
    # All that these need is there too: pip asks for it, since it installs nothing without a hash.
    assert len(locked) > len(wanted)


def imported(folder: str) -> dict[str, str]:
    """Returns the packages of other people that a folder's code imports, each with a file."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_bytes())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            for top in {name.partition(".")[0] for name in names}:
                if top not in sys.stdlib_module_names | OWN and not top.startswith("mypy_boto3_"):
                    found.setdefault(top, str(file.relative_to(ROOT)))
    return found


@pytest.mark.parametrize(
    ("folder", "named"),
    [
        ("functions", ("functions/requirements.in", "layers/api/requirements.txt")),
        (
            "training_image",
            ("training_image/requirements.in", "training_image/requirements-torch.txt"),
        ),
    ],
)
def test_what_code_imports_is_named_and_not_left_to_what_others_need(
    folder: str, named: tuple[str, ...]
) -> None:
    wanted = {name for file in named for name in pins(file)}
    assert unnamed(folder, wanted) == {}


def test_what_the_command_line_imports_is_named_in_its_pyproject() -> None:
    text = (ROOT / "cli/pyproject.toml").read_text(encoding="utf-8")
    asked = tomllib.loads(text)["project"]["dependencies"]
    assert unnamed("cli", {re.split("[<>=]", one)[0].replace(".", "-") for one in asked}) == {}


def unnamed(folder: str, wanted: Collection[str]) -> dict[str, str]:
    """Returns the packages that a folder imports and nobody asks for, each with a file."""
    owners = packages_distributions()
    found = {}
    for module, file in imported(folder).items():
        packages = {re.sub(r"[-_.]+", "-", name).lower() for name in owners[module]}
        if packages.isdisjoint(wanted):
            found[module] = file
    return found


def test_the_image_takes_a_base_by_its_digest_and_packages_by_their_hashes() -> None:
    text = (ROOT / "training_image/Dockerfile").read_text(encoding="utf-8")
    installs = [line for line in text.splitlines() if "pip install" in line]

    assert len(installs) == 2
    assert any("--require-hashes --requirement requirements.txt" in line for line in installs)
    assert "ARG FLOATING_BASE=refused" in text
    assert text.index("ARG FLOATING_BASE=refused") < text.index("pip install")


@pytest.mark.parametrize(
    ("base", "floating", "code"),
    [
        ("registry/base:1.0", "refused", 1),
        ("registry/base:1.0", "allowed", 0),
        ("registry/base@sha256:" + "a" * 64, "refused", 0),
    ],
)
def test_a_base_that_is_a_tag_is_refused_with_the_reason(
    base: str, floating: str, code: int
) -> None:
    text = (ROOT / "training_image/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    (check,) = [line for line in text.splitlines() if line.startswith("RUN case")]
    done = subprocess.run(
        ["sh", "-c", check.removeprefix("RUN ")],
        env={"BASE_IMAGE": base, "FLOATING_BASE": floating},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert ("Name it by its digest" in done.stderr) == bool(code)


def test_what_is_pushed_to_aws_is_built_on_a_base_by_its_digest() -> None:
    """README's commands, and what the command line says; a build for a laptop may take a tag."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (build,) = [
        one for one in readme.splitlines() if re.match("docker build .*training_image", one)
    ]

    assert '--build-arg BASE_IMAGE="$BASE"' in build
    assert "FLOATING_BASE" not in build
    assert readme.index(".RepoDigests") < readme.index(build)
    said = (ROOT / "cli/thriftline_cli/deploying.py").read_text(encoding="utf-8")
    assert "BASE_IMAGE=REPOSITORY@sha256:" in said
    for file in [*ROOT.glob("docs/*.md"), *ROOT.glob("deploy/**/*.yml"), *ROOT.glob("cli/**/*.py")]:
        text = file.read_text(encoding="utf-8")
        assert "--build-arg FLOATING_BASE=allowed" not in text, file


def test_actions_are_held_by_their_commit() -> None:
    workflows = [*ROOT.glob("deploy/github/workflows/*.yml"), *ROOT.glob(".github/**/*.yml")]
    used = [
        line.strip()
        for workflow in workflows
        for line in workflow.read_text(encoding="utf-8").splitlines()
        if "uses:" in line
    ]
    assert used
    for line in used:
        assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d", line), line


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], CLEAN, "no known vulnerability in 1"),
        (
            [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}],
            VULNERABLE,
            "a 1: PYSEC-1",
        ),
        ([{"name": "a", "skip_reason": "not on PyPI"}], NO_ANSWERS, "no answer for any of its 1"),
        (
            [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "x"}],
            NOT_AUDITED,
            "NOT AUDITED: b",
        ),
    ],
)
def test_what_nobody_could_be_asked_about_is_no_clean_bill(
    packages: list[dict[str, object]], code: int, said: str
) -> None:
    found, sentence = verdict({"dependencies": packages})
    assert found == code
    assert said in sentence


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([CLEAN, CLEAN], 0),
        ([CLEAN, VULNERABLE], 1),
        ([NOT_AUDITED, VULNERABLE], 1),
        ([NO_ANSWERS, VULNERABLE], 1),
        ([CLEAN, NOT_AUDITED], 2),
        ([NOT_AUDITED, NOT_AUDITED], 2),
        ([NO_ANSWERS, NOT_AUDITED], 2),
        ([CLEAN, NO_ANSWERS], 2),
    ],
)
def test_the_audit_ends_with_one_for_a_finding_and_with_two_for_no_answer(
    codes: list[int], code: int
) -> None:
    assert exit_code(codes) == code


def test_an_index_that_cannot_answer_at_all_is_said_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert exit_code([NO_ANSWERS, NO_ANSWERS]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("This index names no vulnerabilities of any package, so nothing was")
