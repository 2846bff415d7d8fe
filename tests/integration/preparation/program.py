"""The quick program of tests, which does what its configuration names under ``do``."""

import json
import runpy
import sys
from pathlib import Path

_PROGRAM = Path(__file__).parents[1] / "local_aws" / "spark_program.py"


def _given(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


if __name__ == "__main__":
    config = Path(_given("--s3-root"), _given("--config").removeprefix("s3://"))
    sys.argv += ["--do", json.loads(config.read_text()).get("do", "copy")]
    runpy.run_path(str(_PROGRAM), run_name="__main__")
