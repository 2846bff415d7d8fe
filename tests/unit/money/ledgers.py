"""A ledger in memory that makes changes as the real one does: one at a time, or not at all."""

import threading
from dataclasses import dataclass, field

from thriftline.money.month import Change, Month


@dataclass
class MemoryLedger:
    """Months by their keys. ``changes`` counts those that were made."""

    months: dict[str, Month] = field(default_factory=dict)
    changes: int = 0
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
