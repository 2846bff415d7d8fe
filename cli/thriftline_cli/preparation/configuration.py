"""The configuration of the program: out of run.yaml, by the functions' own rules, or as given.

The functions read run.yaml in a process of their own, so that a file means the same here and in an
account: the same defaults, the same patterns, the same sentences for what is wrong.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thriftline_cli.exits import CommandError, Exit

_TRANSLATOR = "thriftline.wiring.preparation_config"
# So many rows of short texts are a file that one machine writes; `runs submit` takes one for each
# split that is held out.
_ROWS_PER_FILE = 20_000_000


def configuration(
    checkout: Path,
    spec: Path,
    data: Sequence[Path],
    output: Path,
    environ: Mapping[str, str],
) -> dict[str, Any]:
    """Returns the configuration, with the data and the output of this machine.

    Raises:
        CommandError: a file is not there, or cannot be used.
    """
    if not spec.is_file():
        raise CommandError(f"there is no file {spec}", Exit.USAGE)
    sources = [str(_there(path).absolute()) for path in data]
    target = str(output.absolute())
    if spec.suffix.lower() == ".json":
        return {**_document(spec), "sources": sources, "output": target}
    request = {"run_yaml": str(spec.absolute()), "sources": sources, "output": target}
    return {**_translated(checkout, request, environ), "max_rows_per_shard": _ROWS_PER_FILE}


def _there(path: Path) -> Path:
    if not path.exists():
        raise CommandError(f"--data: there is no file or folder {path}", Exit.USAGE)
    return path


def _document(spec: Path) -> dict[str, Any]:
    try:
        found = json.loads(spec.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CommandError(f"{spec} is no JSON: {error}", Exit.USAGE) from error
    if not isinstance(found, dict):
        raise CommandError(f"{spec} is no JSON object", Exit.USAGE)
    return found


def _translated(
    checkout: Path, request: Mapping[str, Any], environ: Mapping[str, str]
) -> dict[str, Any]:
    own = checkout / ".venv/bin/python"
    done = subprocess.run(
        [str(own) if own.exists() else sys.executable, "-m", _TRANSLATOR],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=False,
        env={**_without_aws(environ), "PYTHONPATH": str(checkout / "functions")},
    )
    if done.returncode:
        raise CommandError(_last_words(done.stderr), Exit.USAGE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _without_aws(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith("AWS_")}


def _last_words(stderr: str) -> str:
    lines = stderr.strip().splitlines() or ["the run.yaml could not be read"]
    return lines[-1] if lines[0].startswith("Traceback") else "\n".join(lines)
