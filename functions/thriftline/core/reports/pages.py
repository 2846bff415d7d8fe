"""Renders the templates: one environment, escaping always on, and the filters of every report."""

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from thriftline.core.text import plain, plain_lines
from thriftline.core.wording import counted

UNKNOWN = "\u2013"
_KIB = 1024
_LONGEST_NAME = 80
_LONGEST_TEXT = 100_000
_CENT = Decimal("0.01")
_HUNDREDTH_OF_CENT = Decimal("0.0001")


def count(value: int | None) -> str:
    """1234567 as ``1,234,567``; unknown as a dash."""
    return UNKNOWN if value is None else f"{value:,}"


def percent(value: float | None, digits: int = 1) -> str:
    """0.8312 as ``83.1%``; unknown as a dash."""
    return UNKNOWN if value is None else f"{100 * value:.{digits}f}%"


def points(value: float | None, digits: int = 1) -> str:
    """A signed difference of two shares, in percentage points: ``+1.2 pp``."""
    return UNKNOWN if value is None else f"{100 * value:+.{digits}f} pp".replace("-", "\u2212")


def p_value(value: float) -> str:
    """A p-value as papers print it: ``= 0.042`` or ``< 0.001``."""
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def decimals(value: float | None, digits: int = 3) -> str:
    """A plain number with fixed decimals; unknown as a dash."""
    return UNKNOWN if value is None else f"{value:.{digits}f}"


def usd(value: Decimal | None, to: Decimal | None = None) -> str:
    """Dollars to the cent, below ten cents to the hundredth of a cent; unknown as a dash.

    ``to`` is the precision of a whole column, which ``cents`` gives.
    """
    if value is None:
        return UNKNOWN
    return f"${value.quantize(to or cents([value]), ROUND_HALF_UP):,}"


def cents(values: Iterable[Decimal | None]) -> Decimal:
    """How exact a column of dollars is: as its smallest amount needs it."""
    known = [abs(value) for value in values if value]
    small = bool(known) and min(known) < Decimal("0.1")
    return _HUNDREDTH_OF_CENT if small else _CENT


def rate(value: Decimal) -> str:
    """A price a unit with all its decimals, at least two: ``$1.408``."""
    shown = f"{value.normalize():f}"
    places = len(shown.partition(".")[2])
    return f"${shown}" if places >= 2 else f"${value:.2f}"


def duration(seconds: float | None) -> str:
    """Seconds as a person says them: ``47 s``, ``12 min 5 s``, ``3 h 20 min``, ``2 d 4 h``."""
    if seconds is None:
        return UNKNOWN
    whole = round(seconds)
    for size, name, part_size, part_name in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            part = whole % size // part_size
            return f"{whole // size} {name}" + (f" {part} {part_name}" if part else "")
    return f"{whole} s"


def size(value: float | None) -> str:
    """Bytes as ``KiB``, ``MiB``, ``GiB``; unknown as a dash."""
    if value is None:
        return UNKNOWN
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < _KIB:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= _KIB
    return f"{value:.1f} TiB"


def moment(value: datetime | None) -> str:
    """A time in UTC to the minute; unknown as a dash."""
    return UNKNOWN if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def name(value: object) -> str:
    """A label or a name that somebody else chose, no longer than a column bears."""
    return plain(value, _LONGEST_NAME)


def _shown(value: Any) -> Any:
    """What every value of a template goes through: text of strangers hides nothing."""
    if isinstance(value, str) and not isinstance(value, Markup) and not value.isprintable():
        return plain_lines(value, _LONGEST_TEXT)
    return value


@cache
def _environment(room: str) -> Environment:
    # A page of a capability stands in the frame that all of them share.
    packages = dict.fromkeys((room, "thriftline.core.reports"))
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for show in (
        count,
        counted,
        percent,
        points,
        decimals,
        p_value,
        usd,
        cents,
        rate,
        duration,
        size,
        moment,
        name,
    ):
        environment.filters[show.__name__] = show
    # Jinja's own "count" is an alias of "length"; reports count with thousands separators.
    environment.globals["unknown"] = UNKNOWN
    return environment


def render(room: str, template: str, **values: object) -> str:
    """Returns a page of the package ``room``, whose folder ``templates`` holds the template.

    A value that the template misses is an error, not an empty place.
    """
    return _environment(room).get_template(template).render(values)
