"""``python -m cli.transform``."""

import sys
from pathlib import Path

# The price catalogue is read by the functions' own reader.
sys.path.insert(0, str(Path(__file__).parents[2] / "functions"))

from cli.transform.command import main

sys.exit(main(sys.argv[1:]))
