"""Whether a run.yaml can be used: ``python -m thriftline.wiring.run_yaml_check FILE``.

The command line asks it before an upload. No call leaves the machine; what only a stack knows, such
as its parameters, is left to the stack.
"""

import sys
from decimal import Decimal
from pathlib import Path

from thriftline.core.errors import InvalidRunSpecError
from thriftline.runs.schemas.run_spec import RunSpec
from thriftline.runs.schemas.run_yaml import Defaults, parse_run_yaml
from thriftline.runs.trainers.registry import TRAINERS

REFUSED = 3
# No amount of a file is above it.
_NO_CAP = Decimal(1_000_000)


def main(words: list[str]) -> int:
    """Returns 0 for a file that can be used; 3 with the reason on stderr."""
    defaults = Defaults(
        base_model=str(RunSpec.model_fields["base_model"].default),
        instance_type="ml.g4dn.xlarge",
        max_usd=_NO_CAP,
        trainers=tuple(sorted(TRAINERS)),
    )
    try:
        parse_run_yaml(Path(words[0]).read_bytes(), defaults)
    except InvalidRunSpecError as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
