"""``python -m cli.endpoints``."""

import sys

from cli.endpoints.command import main

sys.exit(main(sys.argv[1:]))
