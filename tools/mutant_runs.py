"""Tries mutants in forks of one process that has collected all tests once.

The tests run once without a mutant, and tell which functions each reaches. Then each mutant gets a
fork, which runs the tests that reach its function, those first that killed its neighbours, until
one fails.
"""

import functools
import gc
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from mutmut.mutation import trampoline

# CPU seconds beyond three times what the tests take: who runs longer runs for ever.
_SPARE_SECONDS = 10
_SAVE_EVERY = 50
_SAY_EVERY = 100
_CACHING = ("thriftline.audit", "thriftline.money", "thriftline.runs", "thriftline.serving")


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant; ``killed_by`` is a test, or "time" where it ran for ever."""

    is_killed: bool
    killed_by: str | None


class MutantRuns:
    """A pytest plugin: in place of the tests, the tests for each mutant."""

    def __init__(
        self,
        mutants: Sequence[str],
        former: Mapping[str, Verdict],
        save: Callable[[dict[str, Verdict]], None],
    ) -> None:
        self.verdicts: dict[str, Verdict] = dict(former)
        self.clean_failures: list[str] = []
        self._mutants = mutants
        self._save = save
        self._seconds: dict[str, float] = {}
        self._tests_of: dict[str, list[pytest.Item]] = defaultdict(list)
        self._killers: dict[str, list[str]] = defaultdict(list)
        self._caches: list[Any] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Runs the tests once as they are, then again for each mutant."""
        items = session.items
        self._caches = _caches()
        began = time.monotonic()
        self._run_clean(items)
        sys.stderr.write(f"{len(items)} tests without a mutant: {time.monotonic() - began:.0f} s\n")
        if self.clean_failures:
            return True
        there = {item.nodeid for item in items}
        gc.collect()
        gc.freeze()
        started, last = time.monotonic(), len(self._mutants)
        for number, mutant in enumerate(self._mutants, start=1):
            if not self._stands(mutant, there):
                self.verdicts[mutant] = self._try(mutant)
            if number % _SAVE_EVERY == 0 or number == last:
                self._save(self.verdicts)
            if number % _SAY_EVERY == 0 or number == last:
                self._say(number, time.monotonic() - started)
        return True

    def _stands(self, mutant: str, there: set[str]) -> bool:
        verdict = self.verdicts.get(mutant)
        return verdict is not None and verdict.is_killed and verdict.killed_by in {*there, "time"}

    def _say(self, number: int, seconds: float) -> None:
        tried = [self.verdicts[one].is_killed for one in self._mutants[:number]]
        sys.stderr.write(
            f"{number} of {len(self._mutants)} mutants in {seconds:.0f} s, {sum(tried)} killed\n"
        )

    def _run_clean(self, items: Sequence[pytest.Item]) -> None:
        reached: set[str] = set()
        trampoline.record_trampoline_hit = lambda name, caller=None: reached.add(name)
        trampoline.set_mutant_under_test("stats")
        for item, following in _with_next(items):
            reached.clear()
            self._forget()
            began = time.process_time()
            if not _passes(item, following):
                self.clean_failures.append(item.nodeid)
            self._seconds[item.nodeid] = time.process_time() - began
            for function in reached:
                self._tests_of[function].append(item)

    def _forget(self) -> None:
        for cache in self._caches:
            cache.cache_clear()

    def _try(self, mutant: str) -> Verdict:
        function = mutant.partition("__mutmut_")[0]
        module = function.rpartition(".")[0]
        tests = self._tests_of.get(function, [])
        if not tests:
            return Verdict(is_killed=False, killed_by=None)
        first = [*reversed(self._killers[function]), *reversed(self._killers[module][-20:])]
        rank = {name: place for place, name in enumerate(dict.fromkeys(first))}
        ordered = sorted(
            tests, key=lambda one: (rank.get(one.nodeid, len(rank)), self._seconds[one.nodeid])
        )
        limit = 3 * sum(self._seconds[one.nodeid] for one in ordered) + _SPARE_SECONDS
        killer = _in_fork(lambda: self._first_failure(mutant, ordered), int(limit))
        if killer is None:
            return Verdict(is_killed=False, killed_by=None)
        name = "time" if killer < 0 else ordered[killer].nodeid
        self._killers[function].append(name)
        self._killers[module].append(name)
        return Verdict(is_killed=True, killed_by=name)

    def _first_failure(self, mutant: str, tests: Sequence[pytest.Item]) -> int | None:
        trampoline.set_mutant_under_test(mutant)
        self._forget()
        for number, (item, following) in enumerate(_with_next(tests)):
            if not _passes(item, following):
                return number
        return None


def _passes(item: pytest.Item, following: pytest.Item | None) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=following)
    return not any(report.failed for report in reports)


def _with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _in_fork(work: Callable[[], int | None], cpu_seconds: int) -> int | None:
    """Returns the number that the work came to in a fork; -1 when it ran out of time."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
        try:
            answer = work()
            os.write(writing, b"alive" if answer is None else str(answer).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    if text == b"alive":
        return None
    # Whoever says nothing was ended by the limit, or ended the whole process: both are noticed.
    return int(text) if text else -1


def _caches() -> list[Any]:
    """Returns what caches an answer of the mutated modules: one without the mutant must not stay.

    Clients of AWS are kept; they know nothing of a mutant, and take long to make.
    """
    return [
        one
        for one in gc.get_objects()
        if isinstance(one, functools._lru_cache_wrapper) and one.__module__.startswith(_CACHING)
    ]
