"""In which order the files of integration tests begin, and which go to one process.

And that functions needed all that their roles allow, and no more: `roles/`.
"""

from collections.abc import Generator
from typing import Any

import pytest

from local_aws.server import EmbeddedAws
from tests.integration.roles.needed import NEEDED
from tests.integration.roles.whole_run import WholeRun
from tests.integration.together import SHARED, FilesTogether, first_of, name_of

# A worker takes file after file: what takes longest begins first, so that all end together.
LONGEST = (
    "workflow/test_endings.py",
    "workflow/test_tasks.py",
    "workflow/test_stops.py",
    "workflow/test_arrivals.py",
    "workflow/test_ladder.py",
    "serving/test_deployment_faults.py",
    "serving/test_deployment_endings.py",
    "workflow/test_uncatchable.py",
    "serving/test_deployments.py",
    "serving/test_experiments.py",
    "serving/test_nights.py",
    "audit/test_printed_commands.py",
    "databricks/test_workflow.py",
    "audit_workflow/test_demo.py",
    "audit/test_acting_kills.py",
)
ORDER = {name: place for place, name in enumerate(LONGEST)}


EmbeddedAws.endings.append(NEEDED.hold)
WHOLE = WholeRun(NEEDED)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    WHOLE.collected(items)
    items.sort(key=lambda item: ORDER.get(first_of(name_of(item.path)), len(ORDER)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesTogether | None:
    return FilesTogether(config, log) if config.getoption("dist") == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    try:
        return (yield)
    finally:
        # When the fixtures of the test's module have ended, or one could not end.
        SHARED.leave(item.path, nextitem.path if nextitem else None)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    WHOLE.add(getattr(node, "workeroutput", {}))


def pytest_sessionfinish(session: pytest.Session) -> None:
    SHARED.close()
    WHOLE.finish(session)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    WHOLE.report(terminalreporter)
