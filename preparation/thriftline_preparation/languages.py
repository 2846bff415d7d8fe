"""Which language a text is in, by py3langid: its model comes with the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from .errors import PreparationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_JUDGED_CHARACTERS = 2_000


def check_languages(languages: Sequence[str]) -> None:
    """Raises an error where the package is missing, or does not know a language."""
    try:
        from py3langid import rank
    except ImportError:
        raise PreparationError(
            "package_missing",
            "filters.languages: the Python package py3langid is not where the program runs. "
            "Install it there, or leave the filter out.",
        ) from None
    known = sorted(name for name, _ in rank("a text"))
    for language in languages:
        if language not in known:
            raise PreparationError(
                "config",
                f"config: `filters.languages` has `{language}`, which py3langid does not know. "
                f"Known are: {', '.join(known)}.",
            )


def language_of() -> Callable[[str], str]:
    """Returns what names the language of a text; the package loads its model once a process."""
    from py3langid import classify

    def named(text: str) -> str:
        return str(classify(text[:_JUDGED_CHARACTERS])[0])

    return named
