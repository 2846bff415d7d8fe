"""Puts the engines of data preparation together, for the functions of a run that prepare."""

from functools import cache
from pathlib import Path

from thriftline.runs.engines.port import EngineSite
from thriftline.runs.engines.registry import Engines
from thriftline.wiring.shared import artifacts, settings

__all__ = ["engines", "preparation_program"]


@cache
def engines() -> Engines:
    """The registered engines."""
    return Engines(EngineSite(settings(), artifacts()))


@cache
def preparation_program() -> bytes:
    """The program that prepares data, in one file, as the function's layer has it."""
    return Path(settings().preparation_program).read_bytes()
