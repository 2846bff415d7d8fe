"""Shows what a run of integration tests left unneeded: ``python -m tests.integration.roles FILE``.

The file is what ``THRIFTLINE_NEEDED_RIGHTS=FILE pytest tests/integration/…`` adds to.
"""

import sys
from pathlib import Path

from tests.integration.roles.needed import Needed, complaints, hardly_seldom


def main() -> int:
    """Prints the lines and returns how the gate would end."""
    needed = Needed()
    for path in sys.argv[1:]:
        needed.add_lines(Path(path).read_text().splitlines())
    found = complaints(needed.rights)
    sys.stdout.writelines(f"{line}\n" for line in found)
    for row in hardly_seldom(needed.rights):
        sys.stdout.write(f"(seldom: {row}: all of it was needed; the row may go)\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
