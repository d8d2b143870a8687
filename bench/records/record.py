"""What all records have in common: they are frozen, and of plain types within bounds."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from bench.text import Text
from suites.fields import MAX_INT

Size = Annotated[int, Field(ge=0, le=MAX_INT)]
Number = Annotated[int, Field(ge=-MAX_INT, le=MAX_INT)] | FiniteFloat
Scalar = bool | Number | Text


class Record(BaseModel):
    """A frozen record without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
