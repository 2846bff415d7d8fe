"""`sam local invoke`, with the sample events filled in."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    """Invokes the functions of one build, each time in a new container."""

    build: Path
    image: str
    endpoint: str
    environments: dict[str, dict[str, str]]
    folder: Path
    invoked: set[str] = field(default_factory=set)

    def answer(self, stem: str, live: dict[str, Any], **environment: str) -> dict[str, Any]:
        """What a function returns for its sample event; `environment` replaces variables."""
        answer: dict[str, Any] = self.invoke(stem, sample_event(stem, live), **environment)
        assert "errorType" not in answer, f"{stem}: {answer['errorType']}: {answer['errorMessage']}"
        return answer

    def invoke(self, stem: str, event: Any, **environment: str) -> Any:
        """What comes back: an answer, or `errorType` and `errorMessage`."""
        return self.invoke_function(function_name(stem), event, **environment)

    def invoke_function(self, name: str, event: Any, **environment: str) -> Any:
        """The same of a function by its logical id."""
        self.invoked.add(name)
        files: dict[str, Any] = {
            "event.json": event,
            "env_vars.json": {name: {**self.environments[name], **environment}},
        }
        for file, content in files.items():
            (self.folder / file).write_text(json.dumps(content))
        done = subprocess.run(
            [
                *(ROOT / ".venv-sam/bin/sam", "local", "invoke", name),
                *("--template-file", self.build / "template.yaml"),
                *("--event", self.folder / "event.json"),
                *("--env-vars", self.folder / "env_vars.json"),
                *("--invoke-image", self.image, "--skip-pull-image"),
                # SAM's image of a layer is named by the layer alone: one of an earlier endpoint.
                "--force-image-build",
            ],
            cwd=self.folder,
            env={**os.environ, **self._own_environment()},
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(
                f"{name} gave no JSON: {done.stdout!r}\n{done.stderr[-4000:]}"
            ) from None
        return answer

    def _own_environment(self) -> dict[str, str]:
        """SAM asks STS whose credentials it has: not AWS's STS, with those of a test."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "SAM_CLI_TELEMETRY": "0",
            "__SAM_CLI_APP_DIR": str(self.folder),
        }
