"""``training.ladder`` of the run spec: where to train, in order, and how long to wait there."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic_core import PydanticCustomError

from thriftline.core.section import Section

MOST_RUNGS = 6
InstanceType = Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]


class LadderRung(Section):
    """One rung: what an attempt trains on. The next one goes on from its checkpoints."""

    instance_type: InstanceType = Field(description="SageMaker training instance type.")
    instance_count: int = Field(
        1, ge=1, le=32, description="Instances that train one model together."
    )
    market: Literal["spot", "on-demand"] = Field("spot", description="How the instances are had.")
    wait_seconds: int | None = Field(
        None,
        ge=1,
        le=2_419_200,
        description="Longest wait for instances before the next rung, which costs nothing; half an "
        "hour when absent, and on the last rung as long as SageMaker waits. It is also the longest "
        "wait for a turn where the quota is in use, which is a day when absent.",
    )
    max_interruptions: int = Field(
        3,
        ge=0,
        le=100,
        description="Interruptions of a Spot job after which the next rung goes on. The last rung "
        "bears any number.",
    )

    @property
    def place(self) -> tuple[str, int, str]:
        """What makes two rungs the same."""
        return self.instance_type, self.instance_count, self.market


Ladder = Annotated[tuple[LadderRung, ...], Field(min_length=1, max_length=MOST_RUNGS)]


def require_no_repetition(ladder: tuple[LadderRung, ...]) -> None:
    """Refuses a rung that stands twice; the place of the second is in the error's context."""
    places = [rung.place for rung in ladder]
    for index, place in enumerate(places):
        first = places.index(place)
        if first < index:
            name, count, market = place
            raise PydanticCustomError(
                "repeated_rung",
                "rung {second} repeats rung {first}: {what}; take it out, or set max_attempts for "
                "more attempts",
                {
                    "at": (index,),
                    "first": first + 1,
                    "second": index + 1,
                    "what": f"{count} x {name}, {market}",
                },
            )
