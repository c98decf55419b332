"""What all words have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A frozen value that can be kept as JSON."""

    model_config = ConfigDict(frozen=True)
