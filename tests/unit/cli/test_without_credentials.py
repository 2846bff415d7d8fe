"""A tool without credentials or a region says so in one line, and shows no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from thriftline_cli.aws_problems import in_one_line

ROOT = Path(__file__).parents[3]
COMMANDS = {
    "audit": ["accept", "--list"],
    "restore": ["--list"],
    "prices": ["refresh"],
    "endpoints": ["list"],
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("region", [{}, {"AWS_DEFAULT_REGION": "us-east-1"}])
def test_one_line_says_what_is_missing(name: str, region: dict[str, str], tmp_path: Path) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "cli"),
        "AWS_EC2_METADATA_DISABLED": "true",
        **region,
    }
    done = subprocess.run(
        [sys.executable, "-m", "thriftline_cli", name, *COMMANDS[name]],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 5
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("thriftline: No AWS ")
    missing = "region" if "AWS region" in done.stderr else "credentials"
    assert {"region": "give --region", "credentials": "aws configure"}[missing] in done.stderr
    assert missing == "credentials" or not region


def test_credentials_that_ran_out_are_named() -> None:
    error = ClientError({"Error": {"Code": "ExpiredToken", "Message": "x"}}, "DescribeStacks")

    assert "aws sso login" in in_one_line(error)
