"""The functions by `sam local`, with the sample events filled in."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.containers.sam_server import SamServer, sam_server

ROOT = Path(__file__).parents[2]


def function_name(stem: str) -> str:
    """The function's logical id: OpenRunFunction for open_run."""
    return "".join(part.capitalize() for part in stem.split("_")) + "Function"


def sample_event(stem: str, live: dict[str, Any]) -> dict[str, Any]:
    """The sample event with what is known of the run in place of its made-up values."""
    event: dict[str, Any] = json.loads((ROOT / f"events/{stem}.json").read_text())
    return {key: live.get(key, value) for key, value in event.items()}


@dataclass
class Sam:
    """Invokes the functions of one build, each time in a new container.

    `sam local invoke` takes variables of a call's own; the others go to a server that has read the
    template before.
    """

    build: Path
    image: str
    endpoint: str
    environments: dict[str, dict[str, str]]
    folder: Path
    invoked: set[str] = field(default_factory=set)
    server: SamServer | None = None

    @contextmanager
    def serving(self, *functions: str, warm: bool = False) -> Iterator[SamServer]:
        """Serves some functions, or all; where it is warm, a container answers again and again."""
        options = ("--warm-containers", "LAZY") if warm else ()
        variables = self._file("all_variables.json", self.environments)
        command = self._command("start-lambda", *functions, "--env-vars", variables, *options)
        with sam_server(command, self.folder, self._own_environment()) as server:
            yield server

    def answer(self, stem: str, live: dict[str, Any], **environment: str) -> dict[str, Any]:
        """What a function returns for its sample event; `environment` replaces variables."""
        answer: dict[str, Any] = self.invoke(stem, sample_event(stem, live), **environment)
        assert "errorType" not in answer, f"{stem}: {answer['errorType']}: {answer['errorMessage']}"
        return answer

    def invoke(self, stem: str, event: Any, **environment: str) -> Any:
        """What comes back: an answer, or `errorType` and `errorMessage`."""
        name = function_name(stem)
        self.invoked.add(name)
        if self.server is None or environment:
            return self._invoke_by_command(name, event, environment)
        return self.server.invoke(name, event)

    def _invoke_by_command(self, name: str, event: Any, environment: dict[str, str]) -> Any:
        variables = {name: {**self.environments[name], **environment}}
        command = self._command(
            *("invoke", name),
            *("--event", self._file("event.json", event)),
            *("--env-vars", self._file("env_vars.json", variables)),
        )
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, **self._own_environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise AssertionError(
                f"{name} gave no JSON: {done.stdout!r}\n{done.stderr[-4000:]}"
            ) from None

    def _command(self, *words: str | Path) -> list[str | Path]:
        return [
            *(ROOT / ".venv-sam/bin/sam", "local", *words),
            *("--template-file", self.build / "template.yaml"),
            *("--invoke-image", self.image, "--skip-pull-image"),
            # SAM's image of a layer is named by the layer alone: one of an earlier endpoint.
            "--force-image-build",
        ]

    def _file(self, name: str, content: Any) -> Path:
        (self.folder / name).write_text(json.dumps(content))
        return self.folder / name

    def _own_environment(self) -> dict[str, str]:
        """SAM asks STS whose credentials it has: not AWS's STS, with those of a test."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "SAM_CLI_TELEMETRY": "0",
            "__SAM_CLI_APP_DIR": str(self.folder),
        }
