"""Whether a run of pytest was one of all integration tests, and what it then says of the roles."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.roles.needed import Needed, complaints, merge_into

ROOT = Path(__file__).parents[1]
# A file to which a run adds what its functions needed, for `python -m tests.integration.roles`.
_FILE = "THRIFTLINE_NEEDED_RIGHTS"
# Which rare calls a run makes hangs on its timing, so that the gate only says what was not needed.
_STRICT = "THRIFTLINE_STRICT_ROLES"
_RIGHTS, _FILES = "needed_rights", "integration_files"


class WholeRun:
    """Gathers what was needed of roles, in the process that reports or for it."""

    def __init__(self, needed: Needed) -> None:
        self._needed = needed
        self._files: set[str] = set()
        self._complaints: list[str] = []
        self._is_judged = False

    def collected(self, items: Iterable[pytest.Item]) -> None:
        """Notes the files that a process found tests in."""
        found = (one.path for one in items if one.path.is_relative_to(ROOT))
        self._files |= {str(one.relative_to(ROOT)) for one in found}

    def add(self, output: Mapping[str, Any]) -> None:
        """Adds what another process sends at its end; one that died sends nothing."""
        self._needed.add_lines(output.get(_RIGHTS, ()))
        self._files |= set(output.get(_FILES, ()))

    def finish(self, session: pytest.Session) -> None:
        """Sends what this process has; who has all of it judges a run that went well so far."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_RIGHTS] = self._needed.to_lines()
            output[_FILES] = sorted(self._files)
            return
        if path := os.environ.get(_FILE):
            merge_into(Path(path), self._needed)
        if session.exitstatus == pytest.ExitCode.OK and self._is_whole(session.config):
            self._is_judged = True
            self._complaints = complaints(self._needed.rights)
            if self._complaints and os.environ.get(_STRICT):
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def report(self, terminal: pytest.TerminalReporter) -> None:
        """Says what roles allow that nothing needed."""
        if self._complaints:
            terminal.section("roles wider than any call", red=True, bold=True)
            for line in self._complaints:
                terminal.line(line)
            terminal.line(
                f"{len(self._complaints)}: take it from template.yaml, or say in "
                "tests/integration/roles/explained.py why it stays"
            )
        elif self._is_judged:
            terminal.line("every right of the functions' roles is needed or explained")

    def _is_whole(self, config: pytest.Config) -> bool:
        """Whether every file was there, and no test of it was left out but by the usual marks."""
        chosen = config.getoption("keyword") or any("::" in one for one in config.args)
        return (
            not chosen
            and config.getoption("markexpr") == "not thorough"
            and not config.getoption("deselect", None)
            and not config.getoption("lf", default=False)
            and self._files == _all_files()
        )


def _all_files() -> set[str]:
    return {str(one.relative_to(ROOT)) for one in ROOT.rglob("test_*.py")}
