"""A value of a spec that may be left to Thriftline: ``auto``, or a value within bounds."""

from typing import Annotated, Literal

from pydantic import Discriminator, Tag


def _is_auto(value: object) -> str:
    return "auto" if value == "auto" else "value"


# One error for one mistake: a plain union would try, and report, both of its members.
AutoTag = Annotated[Literal["auto"], Tag("auto")]
ValueOrAuto = Discriminator(_is_auto)
