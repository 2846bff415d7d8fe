"""Make the layers of a template beforehand, so that a start needs no network.

python -m local_aws.deployment.build_layers template.yaml
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from local_aws.deployment.template import read_layers
from local_aws.functions.layers import LayerError, layer_packages


def main(arguments: Sequence[str]) -> str | None:
    """Make them; return what went wrong."""
    try:
        for layer in read_layers(Path(arguments[0])):
            layer_packages(layer)
    except LayerError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
