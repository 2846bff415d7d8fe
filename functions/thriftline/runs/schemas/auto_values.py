"""Values of the run spec that may be left to Thriftline: ``auto``, or a value within bounds."""

from typing import Annotated

from pydantic import Field, Tag

from thriftline.core.auto_value import AutoTag, ValueOrAuto

Fraction = Annotated[float, Field(ge=0, lt=1)]
Passes = Annotated[Annotated[int, Field(ge=1, le=100), Tag("value")] | AutoTag, ValueOrAuto]
Rate = Annotated[Annotated[float, Field(gt=0, le=0.1), Tag("value")] | AutoTag, ValueOrAuto]
BatchTokens = Annotated[
    Annotated[int, Field(ge=64, le=1_048_576), Tag("value")] | AutoTag, ValueOrAuto
]
Seconds = Annotated[Annotated[int, Field(ge=1, le=2_419_200), Tag("value")] | AutoTag, ValueOrAuto]
Warmup = Annotated[Annotated[Fraction, Tag("value")] | AutoTag, ValueOrAuto]
