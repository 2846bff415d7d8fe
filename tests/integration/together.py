"""Files of tests that share one started application, and so its warm functions.

To start one costs a second of a processor, and each function that is called first another half. A
file may share where its tests look at a project of their own: where none counts all runs, moves the
clock, sets a quota or reads whatever message comes next. Files that share run one after another in
one process; who runs one of them alone notices nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from xdist.scheduler import LoadFileScheduling

T = TypeVar("T")
ROOT = Path(__file__).parent
TOGETHER = (
    (
        "workflow/test_tasks.py",
        "workflow/test_deploying.py",
        "workflow/test_watch.py",
    ),
    (
        "serving/test_deployments.py",
        "serving/test_deployment_kinds.py",
        "serving/test_quality.py",
    ),
)
_FIRST = {name: group[0] for group in TOGETHER for name in group}


def name_of(path: Path) -> str:
    """Return a file's path below the integration tests, or whole where it is none of them."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def first_of(name: str) -> str:
    """Return the first of the files that share with this one, which may be itself."""
    return _FIRST.get(name, name)


def of_one_process(file: str) -> str:
    """Return what the files of a process have in common, of a file as pytest names it."""
    folder, inside, name = file.partition("tests/integration/")
    return f"{folder}{inside}{first_of(name)}"


class FilesTogether(LoadFileScheduling):  # type: ignore[misc]
    """Gives the files of a group to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return of_one_process(super()._split_scope(nodeid))


class Shared:
    """What the files of the present group have started."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._started: dict[str, Any] = {}

    @contextmanager
    def of(self, path: Path, start: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
        """Start an application, or go on with that of the file before; end one that is not shared.

        Who runs the tests ends a shared one with `leave`.
        """
        group = first_of(name_of(path))
        if name_of(path) not in _FIRST:
            with start() as alone:
                yield alone
            return
        if group not in self._started:
            self._started[group] = self._running.enter_context(start())
        yield self._started[group]

    def leave(self, path: Path, following: Path | None) -> None:
        """End what was shared where the next test, if any, is of another group."""
        if following is None or first_of(name_of(path)) != first_of(name_of(following)):
            self.close()

    def close(self) -> None:
        """End what was shared."""
        self._started.clear()
        self._running.close()


SHARED = Shared()
