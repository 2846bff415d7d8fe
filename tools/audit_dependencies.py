"""Asks for known vulnerabilities of every locked package: `make audit-dependencies` runs this.

    python tools/audit_dependencies.py PIP_AUDIT LOCK...

Exit codes: 0 none is known, 1 some are, 2 nothing could be asked. What the vulnerability service
does not know is no clean bill: it is counted and named.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """Audits each file; returns the worst code."""
    program, *locks = arguments
    return max(_audit(program, lock) for lock in locks)


def _audit(program: str, lock: str) -> int:
    command = [program, "--disable-pip", "--require-hashes", "--format", "json", "-r", lock]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        sys.stdout.write(
            f"{lock}: NOT AUDITED: the vulnerability service was not reached: {said}\n"
        )
        return NOT_AUDITED
    code, said = verdict(found)
    sys.stdout.write(f"{lock}: {said}\n")
    return code


def verdict(found: Mapping[str, Any]) -> tuple[int, str]:
    """Returns the exit code and a sentence for what pip-audit says of one file."""
    packages = found["dependencies"]
    unknown = [one["name"] for one in packages if "skip_reason" in one]
    bad = [
        f"{one['name']} {one['version']}: {vulnerability['id']}"
        for one in packages
        for vulnerability in one.get("vulns", ())
    ]
    if bad:
        return VULNERABLE, f"{len(bad)} known vulnerabilities: {'; '.join(bad)}"
    if len(unknown) == len(packages):
        return NOT_AUDITED, (
            f"NOT AUDITED: the index here names no vulnerabilities of any of its {len(packages)} "
            "packages; run this where PyPI itself is reachable"
        )
    if unknown:
        return NOT_AUDITED, f"none known, but NOT AUDITED: {', '.join(unknown)}"
    return CLEAN, f"no known vulnerability in {len(packages)} packages"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
