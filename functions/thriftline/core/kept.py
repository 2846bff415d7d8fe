"""Reads what was kept: by this version of Thriftline, a former one, or one that was taken back."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from thriftline.core.errors import UnreadableDocumentError

UPDATE = "Update the stack to the version that wrote it."
_SHOWN = 200


@contextmanager
def reading(place: str, fix: str) -> Iterator[None]:
    """Turns what is missing or wrong in a kept document or item into one error of ours.

    Only the reading belongs inside: an error of the code would be taken for one of the document.

    Args:
        place: the document, as a person finds it.
        fix: a sentence of what to do.

    Raises:
        UnreadableDocumentError: names the place, the first thing that is wrong, and the fix.
    """
    try:
        yield
    except ValidationError as error:
        raise _unreadable(place, first_problem(error), fix) from error
    except KeyError as error:
        raise _unreadable(place, f"{error.args[0]} is missing.", fix) from error
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise _unreadable(place, f"{str(error)[:_SHOWN]}.", fix) from error


def first_problem(error: ValidationError) -> str:
    """Returns the first thing that a model says, as a sentence."""
    first = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the document"
    return f"{where}: {first['msg'][:_SHOWN]}."


def _unreadable(place: str, problem: str, fix: str) -> UnreadableDocumentError:
    return UnreadableDocumentError(
        f"{place} cannot be read: {problem} Another version of Thriftline may have written it.", fix
    )
