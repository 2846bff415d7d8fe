"""Plays one world from its seed to its rest, and says what did not hold."""

import contextlib
import io
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.virtual_time import stack
from tests.virtual_time.invariants import broken, kinds_of, runs_of
from tests.virtual_time.session import virtual_session
from tests.virtual_time.story import Story
from tests.virtual_time.world import Handler, OnCall, World


@dataclass(frozen=True)
class Played:
    """What became of a seed. ``states`` counts the states that were entered.

    ``kinds`` counts the runs that prepared raw data, were asked for it, were trained on Bedrock.
    """

    seed: int
    runs: int
    calls: int
    endings: Mapping[str, int]
    states: Mapping[str, int]
    kinds: Mapping[str, int]
    broken: tuple[str, ...]
    story: tuple[str, ...]


def play(
    seed: int,
    *,
    uploads: int,
    replaced: Mapping[str, Handler] | None = None,
    on_call: OnCall | None = None,
) -> Played:
    """Plays a world with so many uploads; ``replaced`` are functions in place of the shipped.

    ``on_call`` hears of every call of AWS: function, service, operation, arguments.
    """
    with _environment(), virtual_session() as moment:
        world = World(seed, replaced)
        moment.world = world
        world.on_call = on_call or world.on_call
        story = Story(world, uploads)
        # Metrics are lines on the function's output.
        with contextlib.redirect_stdout(io.StringIO()):
            story.play()
        states: Counter[str] = Counter()
        for execution in world.executions.values():
            states.update(execution.entered)
        return Played(
            seed=seed,
            runs=len(runs_of(world)),
            calls=world.calls,
            endings=Counter(str(one["status"]) for one in runs_of(world).values()),
            states=states,
            kinds=Counter(kinds_of(world)),
            broken=tuple(broken(world)),
            story=tuple(sorted([*story.told, *world.told, *world.faults.made], key=_when)),
        )


def _when(line: str) -> float:
    seconds = line.partition(" s: ")[0]
    return float(seconds) if seconds.replace(".", "").isdigit() else 0.0


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """The variables of the functions, and nothing of the developer's shell about AWS."""
    before = dict(os.environ)
    for name in [one for one in os.environ if one.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(stack.environment())
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
