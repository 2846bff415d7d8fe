"""``python -m thriftline_cli`` is ``thriftline``."""

import sys

from thriftline_cli.main import main

sys.exit(main())
