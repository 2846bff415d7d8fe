"""Puts the ways to train together, for the functions of a run that train."""

from functools import cache
from typing import TYPE_CHECKING

from thriftline.core.aws.clients import client
from thriftline.runs.trainers.port import TrainerSite
from thriftline.runs.trainers.registry import Trainers
from thriftline.wiring.shared import artifacts, settings

if TYPE_CHECKING:
    from thriftline.runs.trainers.bedrock.belongings import BedrockBelongings

__all__ = ["bedrock_belongings", "trainers"]


@cache
def trainers() -> Trainers:
    """The registered ways to train."""
    return Trainers(TrainerSite(settings(), artifacts()))


@cache
def bedrock_belongings() -> "BedrockBelongings":
    """What the stack has on Bedrock."""
    # Imported here, as the trainers are: only one function needs it.
    from thriftline.runs.trainers.bedrock.belongings import BedrockBelongings

    return BedrockBelongings(client("bedrock"), settings().stack_name)
