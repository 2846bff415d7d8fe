"""What arro3 raises while it reads a file, as an error of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from thriftline.core.errors import EvaluationError


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Turns what arro3 raises into ours. A damaged file makes it panic: a BaseException."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:
        raise EvaluationError(f"{what} cannot be read: {error}") from error
