"""What the integration tests' functions needed of their roles, from all processes of a run.

Each embedded AWS is judged where it ends, whichever test started it: a call that a role does not
allow fails there. What calls needed is gathered. Where all of the tests have run, and none failed,
each right of a role that nothing needed and nobody explained is named.
"""

import json
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from local_aws.server import EmbeddedAws
from tests.integration.roles.explained import EXPLAINED, SELDOM, reason_for
from tests.integration.roles.judging import judge
from tests.integration.roles.rights import Right, functions, written_of
from tests.virtual_time.permissions import functions_of_runs


class Needed:
    """What was needed of roles in this process, and in those that sent it what they had."""

    def __init__(self) -> None:
        self.rights: set[Right] = set()

    def hold(self, aws: EmbeddedAws) -> None:
        """Judges an embedded AWS that ends.

        Raises:
            AssertionError: a role does not allow what its function asked.
        """
        verdict = judge(aws)
        self.rights |= verdict.used
        refused = [f"{name} may not {action} on {on}" for name, action, on in verdict.refused]
        unread = [f"{name} asked {':'.join(call)}, unread" for name, *call in verdict.unread]
        if lines := sorted(refused + unread):
            raise AssertionError("\n".join(lines))

    def to_lines(self) -> list[str]:
        """Returns it in a form that another process takes."""
        return [json.dumps((one.function, one.statement, one.part)) for one in sorted(self.rights)]

    def add_lines(self, lines: Iterable[str]) -> None:
        """Adds what another process had."""
        self.rights |= {Right(*json.loads(one)) for one in lines}


@cache
def judged_rights() -> frozenset[Right]:
    """Returns the rights of all functions that virtual time does not look at."""
    return frozenset(
        right
        for name, statements in functions().items()
        if name not in functions_of_runs()
        for statement in statements
        for right in statement.rights()
    )


def complaints(used: Collection[Right]) -> list[str]:
    """Returns a line for each right that is neither needed nor explained, and for each explanation
    of what was needed all the same.
    """
    unused = judged_rights() - set(used)
    wide = [describe(one) for one in unused if reason_for(one) is None]
    spoken = {reason_for(one) for one in unused}
    stale = [
        f"{' '.join(key)}: explained, and nothing is left of it to explain"
        for key in EXPLAINED
        if key not in spoken
    ]
    return sorted(wide) + sorted(stale)


def hardly_seldom(used: Collection[Right]) -> list[str]:
    """Returns the rows of what is said to be seldom needed, where all of it was needed."""
    spoken = {reason_for(one) for one in judged_rights() - set(used)}
    return sorted(" ".join(row) for row in SELDOM if row not in spoken)


def describe(right: Right) -> str:
    """Returns a right as a row that its explanation could have."""
    written = written_of(right)
    others = written.resources if right.part in written.actions else written.actions
    shown = ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    return f"{right.function} {right.part} [{shown}]"


def merge_into(path: Path, needed: Needed) -> None:
    """Adds what was needed to a file of such lines."""
    if path.exists():
        needed.add_lines(path.read_text().splitlines())
    path.write_text("".join(f"{line}\n" for line in needed.to_lines()))


NEEDED = Needed()
