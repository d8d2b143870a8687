"""The types of a point's fields, for suites, claims and records: choices, counts and seeds."""

from typing import Annotated, Literal

from pydantic import Field

MAX_COUNT = 2**31 - 1  # no tensor has a longer side, and arithmetic on much larger ones overflows
MAX_INT = 2**63 - 1  # the largest that a data frame and a generator's seed hold

Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
Seed = Annotated[int, Field(ge=0, le=MAX_INT)]

Mode = Literal["train", "infer"]
Precision = Literal["fp32", "tf32", "bf16", "fp16"]
Execution = Literal["eager", "compile"]
MemoryFormat = Literal["default", "contiguous", "channels_last"]
