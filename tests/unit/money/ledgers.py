"""A ledger in memory that makes changes as the real one does: one at a time, or not at all."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from thriftline.money.month import Change, Month


@dataclass
class MemoryLedger:
    """Months by their keys. ``changes`` counts those that were made."""

    months: dict[str, Month] = field(default_factory=dict)
    changes: int = 0
    filed: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def month(self, key: str) -> Month:
        return self.months.get(key, Month(key))

    def change(self, key: str, change: Change) -> Month | None:
        with self._lock:
            month = self.month(key)
            if change.refused_by(month) is not None:
                return month
            self.months[key] = change.made(month)
            self.changes += 1
            return None

    def file(self, key: str, run_ids: Iterable[str]) -> None:
        self.filed |= {(key, run_id) for run_id in run_ids}

    def is_filed(self, key: str, run_id: str) -> bool:
        return (key, run_id) in self.filed
