"""``python -m cli.prices``."""

import sys

from cli.prices.command import main

sys.exit(main(sys.argv[1:]))
