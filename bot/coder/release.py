"""Coder's version texts, and which releases have what (coder-api.md section 0)."""

from __future__ import annotations

import re

Release = tuple[int, int]

FIRST_WITH_TASKS: Release = (2, 29)
FIRST_WITH_PAUSE: Release = (2, 31)
FIRST_WITH_AUTH_OF_OTHERS: Release = (2, 36)
FIRST_WITH_TASKS_OFF: Release = (2, 37)  # and the last one that has them


def release(version: str) -> Release | None:
    """Major and minor number of a version text such as `v2.34.3+abcdef0`; None when it says nothing."""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else None


def plain(version: str) -> str:
    """A version text without its prefix and build, as people say it: `2.34.3`."""
    return version.removeprefix("v").partition("+")[0]
