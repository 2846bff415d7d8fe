"""Raw data that is made into a data set before a run reads it: the work, its quote, its run.

An engine is a place where the program of ``preparation/`` runs. What an engine's service calls
things stays in its folder: a run sees quotes, states and endings.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Any

from thriftline.core.dataclass import dataclass
from thriftline.runs.domain.endings import Ending


@dataclass(frozen=True)
class PreparationWork:
    """What an engine is asked to do. Sizes are in bytes, as the objects are stored.

    ``unpacked_bytes`` is what they are when they are read, as far as that can be said before.
    ``largest_unsplittable_bytes`` is the largest object that one task has to read alone, such as a
    ``.gz``; 0 when there is none. ``max_vcpus`` and ``max_minutes`` are limits of the run spec,
    ``spare_capacity`` whether it may run on capacity that can be taken away, and ``settings`` the
    section of the engine in the run spec.
    """

    stored_bytes: int
    unpacked_bytes: int
    files: int
    largest_unsplittable_bytes: int
    max_vcpus: int
    max_minutes: int
    spare_capacity: bool
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PreparationQuote:
    """What one engine asks for one preparation.

    ``worst_usd`` is what it can be billed at the most, whatever happens: None where it cannot do
    the work, or a rate is not known; ``cannot`` then says why and what would change it. ``terms``
    is what the engine reads again when it starts; nobody else reads it to decide something.
    ``usd_per_hour`` is what all of its machines cost at the most while they run. ``basis`` says
    what the worst case is made of, ``reason`` what a person should know.
    """

    engine: str
    likely_usd: Decimal | None
    likely_minutes: int | None
    worst_usd: Decimal | None
    basis: str
    reason: str = ""
    cannot: str | None = None
    warnings: tuple[str, ...] = ()
    terms: Mapping[str, Any] = field(default_factory=dict)
    usd_per_hour: Decimal | None = None

    @classmethod
    def refused(cls, engine: str, why: str, minutes: int | None = None) -> "PreparationQuote":
        """Returns the quote of an engine that cannot do the work, whose dollars are unknown."""
        return cls(engine, None, minutes, None, basis="", cannot=why)


@dataclass(frozen=True)
class PreparationOrder:
    """One attempt at a preparation, named by its run and number.

    ``program_uri`` is the program's one file, ``config_uri`` its configuration, ``output_uri`` the
    prefix that it writes and ``log_uri`` where its service may put logs; ``name`` is the token that
    makes two starts one. ``terms`` are those of the quote. ``started_id`` is what the service calls
    the attempt, None before ``start`` has answered.
    """

    name: str
    run_id: str
    project: str
    attempt: int
    program_uri: str
    config_uri: str
    output_uri: str
    log_uri: str
    terms: Mapping[str, Any]
    started_id: str | None = None


@dataclass(frozen=True)
class PreparationState:
    """An attempt as its service sees it now. What the service has not reported is None.

    ``id`` is the service's own. ``status`` is the service's word, to be shown. ``billed_usd`` is
    what it cost, once it has ended and that is known; ``facts`` are shown beside it, such as
    hours of processors, or nodes that were lost.
    """

    id: str
    status: str
    ending: Ending | None = None
    reason: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    billed_usd: Decimal | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        """Whether it still waits, runs or stops."""
        return self.ending is None
