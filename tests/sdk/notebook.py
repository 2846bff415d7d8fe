"""Runs the notebook for real, in the environment of the SDK, with other parameters."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local_aws.options import ROOT
from local_aws.server import EmbeddedAws

FOLDER = ROOT / "examples/notebook"
ENVIRONMENT = ROOT / ".venv-sdk"
PATIENCE_SECONDS = 240


def with_parameters(notebook: dict[str, Any], parameters: Mapping[str, object]) -> dict[str, Any]:
    """Returns the notebook with a cell after the tagged one that says other parameters."""
    cells = notebook["cells"]
    (at,) = [
        number
        for number, cell in enumerate(cells)
        if "parameters" in cell["metadata"].get("tags", ())
    ]
    source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    given: dict[str, Any] = {
        "cell_type": "code",
        "execution_count": None,
        "id": "given-parameters",
        "metadata": {"tags": ["injected-parameters"]},
        "outputs": [],
        "source": source,
    }
    return {**notebook, "cells": [*cells[: at + 1], given, *cells[at + 1 :]]}


def execute(
    aws: EmbeddedAws,
    folder: Path,
    parameters: Mapping[str, object],
    variables: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Executes a copy of the notebook as a person does; returns the exit code and what it says."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "retrain.ipynb"
    path.write_text(json.dumps(with_parameters(json.loads(path.read_text()), parameters)))
    done = subprocess.run(
        [
            *(str(ENVIRONMENT / "bin/jupyter"), "execute", "--output=executed.ipynb"),
            *(f"--timeout={PATIENCE_SECONDS}", str(path)),
        ],
        cwd=folder,
        env={**environment(aws, folder), **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS + 30,
    )
    executed = folder / "executed.ipynb"
    said = done.stderr + (printed(json.loads(executed.read_text())) if executed.exists() else "")
    return done.returncode, said


def printed(notebook: dict[str, Any]) -> str:
    """Returns what the cells of an executed notebook printed."""
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue", "")
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
    ]
    return "\n".join("".join(text) for text in texts)


def environment(aws: EmbeddedAws, folder: Path) -> dict[str, str]:
    """Returns the variables of a person who works with the SDK and the embedded AWS."""
    return {
        "PATH": f"{ENVIRONMENT / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        **clients_variables(aws),
    }


def clients_variables(aws: EmbeddedAws) -> dict[str, str]:
    """Returns what leads any AWS client to the embedded AWS."""
    return {
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": aws.region,
    }
