"""Writes the whole program as one file: ``python preparation/bundle.py OUT.py``.

The file carries the package as a zip. Executors get functions by value and so need no file of
their own. The same sources give the same bytes.
"""

import base64
import io
import sys
import zipfile
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent / "thriftline_preparation"
_PROGRAM = '''"""Prepares raw data with Spark: prepare.py --config URI [--s3-root DIR].

Made by preparation/bundle.py of Thriftline; the sources are in the zip below.
"""

import base64
import os
import sys
import tempfile

PACKAGE = """
{package}
"""


def run():
    with tempfile.TemporaryDirectory(prefix="thriftline-preparation-") as folder:
        archive = os.path.join(folder, "package.zip")
        with open(archive, "wb") as file:
            file.write(base64.b64decode(PACKAGE))
        sys.path.insert(0, archive)
        from thriftline_preparation.main import main

        return main(sys.argv[1:])


if __name__ == "__main__":
    code = run()
    # A notebook's cluster takes any SystemExit for a failure.
    if code:
        sys.exit(code)
'''


def program() -> str:
    """Returns the text of the one file."""
    packed = io.BytesIO()
    # Stored, since another zlib would compress to other bytes.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(PACKAGE.glob("*.py")):
            name = f"{PACKAGE.name}/{path.name}"
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), path.read_bytes())
    text = base64.encodebytes(packed.getvalue()).decode().strip()
    return _PROGRAM.format(package=text)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(program(), encoding="utf-8")
