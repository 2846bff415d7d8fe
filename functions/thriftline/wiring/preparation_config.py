"""What ``prepare`` of a run.yaml means, as a program: a request on stdin, a configuration out.

``python -m thriftline.wiring.preparation_config`` reads ``{"run_yaml": path, "sources": [path, …],
"output": path}`` and prints the configuration of the program of ``preparation/`` for this machine.
No call leaves the machine.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thriftline.core.errors import InvalidRunSpecError, ThriftlineError
from thriftline.runs.domain.prepared_config import preparation_config
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml
from thriftline.runs.trainers.registry import TRAINERS

# A run's id is part of what the program writes down; here there is no run.
_RUN_ID = "local"


class Request(BaseModel):
    """Whose ``prepare`` is read, and where the raw and the prepared files of this machine lie."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    run_yaml: Path
    sources: tuple[str, ...] = Field(min_length=1)
    output: str = Field(min_length=1)


def configuration(request: Request) -> dict[str, object]:
    """Returns ``config.json`` of the request.

    Raises:
        InvalidRunSpecError: the file cannot be used, or says nothing of a preparation.
    """
    spec = parse_run_yaml(request.run_yaml.read_bytes(), _defaults())
    if spec.prepare is None:
        raise InvalidRunSpecError(
            f"{request.run_yaml.name}: it has no key prepare, so that there is nothing to prepare. "
            "Name there what becomes of the raw data; prepare: {} takes every default."
        )
    return preparation_config(
        spec.prepare.model_dump(mode="json"),
        run_id=_RUN_ID,
        seed=spec.seed,
        sources=request.sources,
        output=request.output,
    )


def _defaults() -> Defaults:
    """What a stack would say; none of it reaches the configuration."""
    return Defaults(
        base_model=str(RunSpec.model_fields["base_model"].default),
        instance_type="ml.g4dn.xlarge",
        max_usd=Decimal(1),
        trainers=tuple(sorted(TRAINERS)),
    )


def main() -> int:
    """Returns 0 with the configuration on stdout; 1 with the reason on stderr."""
    try:
        request = Request.model_validate_json(sys.stdin.read())
        sys.stdout.write(json.dumps(configuration(request)))
    except (ThriftlineError, ValidationError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
