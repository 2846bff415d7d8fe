"""Puts the ways to train together, for the functions of a run that train."""

from functools import cache

from thriftline.runs.trainers.port import TrainerSite
from thriftline.runs.trainers.registry import Trainers
from thriftline.wiring.shared import artifacts, settings

__all__ = ["trainers"]


@cache
def trainers() -> Trainers:
    """The registered ways to train."""
    return Trainers(TrainerSite(settings(), artifacts()))
