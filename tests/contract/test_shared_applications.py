"""Files of integration tests that share one started application."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration import conftest
from tests.integration.together import ROOT, TOGETHER, Shared, of_one_process


def test_each_file_that_shares_or_begins_early_is_there() -> None:
    sharing = [name for group in TOGETHER for name in group]

    assert len(set(sharing)) == len(sharing)
    assert len(set(conftest.LONGEST)) == len(conftest.LONGEST)
    assert [name for name in (*sharing, *conftest.LONGEST) if not (ROOT / name).is_file()] == []


@pytest.mark.parametrize("group", TOGETHER)
def test_a_group_is_of_one_folder_and_goes_to_one_process(group: tuple[str, ...]) -> None:
    assert len({name.split("/")[0] for name in group}) == 1
    assert len({of_one_process(f"tests/integration/{name}") for name in group}) == 1


def test_other_files_go_to_whichever_process_is_free() -> None:
    for file in ("tests/integration/workflow/test_stops.py", "tests/unit/cli/test_runs.py"):
        assert of_one_process(file) == file


class Applications:
    """Counts what is started and what runs."""

    def __init__(self) -> None:
        self.started = 0
        self.running = 0

    @contextmanager
    def start(self) -> Iterator[int]:
        assert self.running == 0, "a process runs one at a time"
        self.started += 1
        self.running += 1
        yield self.started
        self.running -= 1


def test_a_group_shares_one_application_which_ends_before_another_starts() -> None:
    shared, applications = Shared(), Applications()
    first, second, *_ = (ROOT / name for name in TOGETHER[0])
    other, alone = ROOT / "workflow/test_ladder.py", ROOT / "workflow/test_stops.py"
    files = (first, second, alone, other, first)
    seen = []
    for file, following in zip(files, (*files[1:], None), strict=True):
        with shared.of(file, applications.start) as application:
            seen.append(application)
        shared.leave(file, following)

    assert seen == [1, 1, 2, 3, 4]
    assert applications.running == 0
