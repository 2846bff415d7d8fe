"""Writes a lock from stdin behind the comment that the file begins with: `make locks` runs this."""

import sys
from pathlib import Path


def main(path: Path, lock: str) -> None:
    """Replaces all but the leading comment, where the lock has pins at all."""
    if "--hash=" not in lock:
        raise SystemExit(f"{path}: nothing was locked; it stays as it is")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    end = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    path.write_text("".join(lines[:end]) + lock, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.stdin.read())
