"""What is built of other people's code is held: pins, hashes, commits, digests, revisions."""

import re
import subprocess
from pathlib import Path

import pytest

from tools.audit_dependencies import CLEAN, NOT_AUDITED, VULNERABLE, verdict

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
        ([{"name": "a", "skip_reason": "not on PyPI"}], NOT_AUDITED, "NOT AUDITED"),
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
