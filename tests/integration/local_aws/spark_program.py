"""A program that stands in for one of Spark: what `--do` names, with the folder that S3 is.

It copies what it reads into its output, a manifest last, as the real one does.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path

FAULT = '{"code": "empty", "message": "No row is left."}'


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--do", default="copy")
    parser.add_argument("--s3-root", required=True)
    given = parser.parse_args()

    def place(uri: str) -> Path:
        return Path(given.s3_root, uri.removeprefix("s3://"))

    config = json.loads(place(given.config).read_text())
    sys.stdout.write(f"reads {config['sources']}\n")
    sys.stderr.write(f"{os.environ['PYSPARK_SUBMIT_ARGS']}\n")
    output = place(config["output"])
    output.mkdir(parents=True, exist_ok=True)
    if given.do == "fail":
        (output / "error.json").write_text(FAULT)
        sys.stderr.write(f"PREPARATION_ERROR {FAULT}\n")
        return 2
    for source in config["sources"]:
        for file in sorted(place(source).rglob("*")):
            (output / file.name).write_bytes(file.read_bytes())
            (output / f".{file.name}.crc").write_bytes(b"checksum")
    if given.do == "wait":
        time.sleep(600)
    (output / "manifest.json").write_text("{}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
