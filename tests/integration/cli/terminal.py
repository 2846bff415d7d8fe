"""A terminal in which somebody types `thriftline`, with nothing but the embedded AWS's address."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.server import EmbeddedAws

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Done:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Terminal:
    """Each command is a process of its own."""

    aws: EmbeddedAws

    def run(self, *words: str, code: int = 0) -> Done:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "cli"),
            "AWS_ENDPOINT_URL": self.aws.endpoint,
        }
        done = subprocess.run(
            [sys.executable, "-m", "thriftline_cli", *words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == code, (words, done.stdout[:400], done.stderr)
        return Done(done.returncode, done.stdout, done.stderr)
