"""The checkout of Thriftline that a command needs: its programs, its template, its prices."""

from pathlib import Path

from thriftline_cli.exits import CommandError, Exit

_HERE = Path(__file__).parents[2]
CATALOGUE = "functions/thriftline/data/prices.json"
_SIGNS = ("template.yaml", "laptop/__main__.py", "cli/pyproject.toml")


def found(start: Path) -> Path | None:
    """Returns the checkout around a folder, or that of this package, None where there is none."""
    for folder in (start, *start.parents, _HERE):
        if all((folder / sign).is_file() for sign in _SIGNS):
            return folder
    return None


def required(what: str, start: Path | None = None) -> Path:
    """Returns the checkout.

    Raises:
        CommandError: this is no checkout.
    """
    folder = found(start or Path.cwd())
    if folder is None:
        raise CommandError(
            f"{what} needs a checkout of Thriftline: git clone it, and call this inside",
            Exit.NOT_FOUND,
        )
    return folder
