"""A shell for the blocks of README that are one command after the other, with what they call."""

import os
import subprocess
import sys
from pathlib import Path

from local_aws.clients import ACCESS_KEY, SECRET_KEY
from local_aws.server import EmbeddedAws
from tests.documents import FENCE, ROOT

README = (ROOT / "README.md").read_text()
AWS = Path(__file__).with_name("aws_command.py")
# As docker names the base that it has pulled.
BASE = "registry/pytorch-training@sha256:" + "a" * 64


def block_with(words: str) -> str:
    """Return the commands of README among which these words are."""
    found = [block for language, block in FENCE.findall(README) if not language and words in block]
    assert len(found) == 1, words
    return str(found[0])


class Shell:
    """A terminal in a folder, whose `aws` is the CLI's part that README needs."""

    def __init__(self, folder: Path, aws: EmbeddedAws) -> None:
        self.folder = folder
        tools = folder / "bin"
        tools.mkdir()
        self.docker = folder / "docker.txt"
        _program(tools / "aws", f'exec "{sys.executable}" "{AWS}" "$@"')
        _program(
            tools / "docker",
            f'[[ $1 != login ]] || cat; echo "docker $*" >> "{self.docker}"; '
            f'[[ $1 != inspect ]] || echo "{BASE}"',
        )
        _program(
            tools / "thriftline",
            f'PYTHONPATH="{ROOT}/cli" exec "{sys.executable}" -m thriftline_cli "$@"',
        )
        self._environment = {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": aws.endpoint,
            "AWS_DEFAULT_REGION": aws.region,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }

    def run(self, commands: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def _program(file: Path, line: str) -> None:
    file.write_text(f"#!/bin/bash\n{line}\n")
    file.chmod(0o755)
