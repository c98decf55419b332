"""The local Coders that tests use."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.sandbox.coder_scene import FAST, Coder, running


@pytest.fixture
async def coder() -> AsyncIterator[Coder]:
    """A Coder where nothing moves by itself."""
    async with running(manual=True) as started:
        yield started


@pytest.fixture
async def fast() -> AsyncIterator[Coder]:
    """A Coder whose scripts take milliseconds."""
    async with running(speed=FAST) as started:
        yield started
