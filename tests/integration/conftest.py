"""In which order the files of integration tests begin."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
# A worker takes file after file: what takes longest begins first, so that all end together.
LONGEST = (
    "workflow/test_endings.py",
    "workflow/test_stops.py",
    "workflow/test_arrivals.py",
    "workflow/test_ladder.py",
    "serving/test_deployment_faults.py",
    "serving/test_deployment_endings.py",
    "workflow/test_uncatchable.py",
    "workflow/test_tasks.py",
    "serving/test_deployments.py",
    "serving/test_experiments.py",
    "serving/test_nights.py",
    "audit/test_printed_commands.py",
    "databricks/test_workflow.py",
    "audit_workflow/test_demo.py",
    "audit/test_acting_kills.py",
)
ORDER = {name: place for place, name in enumerate(LONGEST)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: ORDER.get(_name(item.path), len(ORDER)))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else ""
