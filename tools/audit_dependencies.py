"""Asks for known vulnerabilities of every locked package: `make audit-dependencies` runs this.

    python tools/audit_dependencies.py PIP_AUDIT LOCK...

Exit codes: 0 none is known, 1 some are, 2 the question was not answered: the service was not
reached, or does not know some of the packages, which are named. An index that answers and says of
no package at all what is known of it cannot be asked, here or again: that is one line, and 0.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

CLEAN, VULNERABLE, NOT_AUDITED, NO_ANSWERS = 0, 1, 2, 3


def main(arguments: Sequence[str]) -> int:
    """Audits each file; returns the exit code of all."""
    program, *locks = arguments
    return exit_code([_audit(program, lock) for lock in locks])


def exit_code(codes: Sequence[int]) -> int:
    """Returns one exit code for the codes of all files.

    An index that has answers for one file and none for another is no index without answers.
    """
    if VULNERABLE in codes:
        return VULNERABLE
    if set(codes) == {NO_ANSWERS}:
        sys.stdout.write(
            "This index names no vulnerabilities of any package, so nothing was audited; run this "
            "where PyPI itself is reachable.\n"
        )
        return CLEAN
    return CLEAN if set(codes) == {CLEAN} else NOT_AUDITED


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
    if packages and len(unknown) == len(packages):
        return NO_ANSWERS, f"NOT AUDITED: no answer for any of its {len(packages)} packages"
    if unknown:
        return NOT_AUDITED, f"none known, but NOT AUDITED: {', '.join(unknown)}"
    return CLEAN, f"no known vulnerability in {len(packages)} packages"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
