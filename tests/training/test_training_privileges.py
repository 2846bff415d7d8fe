"""Started as root by an image that names a user, the program goes over to that user."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NUMBER = 10001
PROGRAM = """
import json, os
from training_image.privileges import leave_root
leave_root(os.environ, "model", "checkpoints")
print(json.dumps({"ids": os.getresuid() + os.getresgid(), "home": os.environ.get("HOME", "")}))
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave root")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder like /opt/ml, in a place that other users can reach."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.stat().st_mode & 0o077 == 0:
            folder.chmod(folder.stat().st_mode | 0o011)
    base = tmp_path / "ml"
    (base / "input" / "config").mkdir(parents=True)
    (base / "input" / "data" / "train").mkdir(parents=True)
    (base / "input" / "data" / "train" / "a.jsonl").write_text("{}")
    (base / "checkpoints" / "step-1").mkdir(parents=True)
    (base / "checkpoints" / "step-1" / "state.json").touch(0o600)
    return base


def run(base: Path, told: str = str(NUMBER)) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={
            "PYTHONPATH": str(ROOT),
            "SAGEMAKER_BASE_DIR": str(base),
            "THRIFTLINE_RUN_AS": told,
            "HOME": "/root",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@as_root
def test_it_goes_over_for_good_and_can_write_what_stays_its_owners(base: Path) -> None:
    (end,) = run(base)
    assert end["ids"] == [NUMBER] * 6
    assert end["home"] != "/root"
    for place in ("model", "checkpoints", "checkpoints/step-1", "checkpoints/step-1/state.json"):
        status = (base / place).stat()
        assert (status.st_uid, status.st_gid) == (0, NUMBER), place
        assert status.st_mode & 0o060 == 0o060, place
        assert status.st_mode & 0o002 == 0, place
    assert (base / "input" / "data" / "train" / "a.jsonl").stat().st_gid == 0


@as_root
def test_the_owner_of_the_folder_comes_before_the_images_user(base: Path) -> None:
    os.chown(base, 4321, 1234)
    (end,) = run(base)
    assert end["ids"] == [4321] * 3 + [1234] * 3


@as_root
@pytest.mark.parametrize("mode", [0o600, 0o000])
def test_a_channel_that_is_roots_alone_is_no_reason_to_fail(base: Path, mode: int) -> None:
    closed = base / "input" / "data" / "train" / "b.jsonl"
    closed.touch(mode)
    warning, end = run(base)
    assert end["ids"] == [0] * 6
    assert warning["event"] == "warning"
    assert f"{closed} is closed to it" in str(warning["message"])


@as_root
def test_a_folder_that_is_roots_alone_is_no_reason_to_fail(base: Path) -> None:
    (base / "input" / "data" / "train").chmod(0o700)
    warning, end = run(base)
    assert end["ids"] == [0] * 6
    assert "stays root" in str(warning["message"])
    assert "train" in str(warning["message"])


@as_root
@pytest.mark.parametrize("told", ["0", "nobody", "-1", "1.5"])
def test_what_is_no_ordinary_users_number_is_told_and_changes_nothing(
    base: Path, told: str
) -> None:
    warning, end = run(base, told)
    assert end["ids"] == [0] * 6
    assert f"THRIFTLINE_RUN_AS is {told!r}" in str(warning["message"])


def test_without_a_number_nothing_changes(base: Path) -> None:
    (end,) = run(base, told="")
    assert end["ids"] == [os.getuid()] * 3 + [os.getgid()] * 3
    assert not (base / "model").exists()
