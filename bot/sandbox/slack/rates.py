"""Slack's rate limits: a number of calls a minute for each method, and about one post a second in each channel."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

PER_MINUTE: Final = {
    "apps.connections.open": 20,
    "conversations.list": 20,
    "users.list": 20,
    "chat.update": 50,
    "chat.delete": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "conversations.info": 50,
    "conversations.open": 50,
    "conversations.join": 50,
    "conversations.members": 100,
    "reactions.add": 50,
    "reactions.remove": 20,
    "reactions.get": 50,
    "users.lookupByEmail": 50,
    "users.conversations": 50,
    "team.info": 50,
    "bots.info": 50,
    "files.info": 100,
    "users.info": 100,
    "views.open": 100,
    "views.update": 100,
    "views.push": 100,
    "views.publish": 100,
    "chat.postEphemeral": 100,
    "files.getUploadURLExternal": 100,
    "files.completeUploadExternal": 100,
}
POSTS_PER_SECOND: Final = 1.0
POST_BURST: Final = 4


class Bucket:
    """`capacity` calls at once, refilled at `rate` calls a second."""

    def __init__(self, rate: float, capacity: float, now: float) -> None:
        self.rate = rate
        self.capacity = capacity
        self.left = capacity
        self.seen = now

    def wait(self, now: float) -> float:
        """Take one call: 0.0 when it is allowed, else the seconds until one will be."""
        self.left = min(self.capacity, self.left + (now - self.seen) * self.rate)
        self.seen = now
        if self.left >= 1:
            self.left -= 1
            return 0.0
        return (1 - self.left) / self.rate


class Rates:
    """What the app has left of its rates; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._buckets: dict[str, Bucket] = {}

    def retry_after(self, method: str, channel: str) -> int:
        """0 when the call is allowed, else the whole seconds of its Retry-After."""
        if method == "chat.postMessage":
            return self._take(f"post {channel}", POSTS_PER_SECOND, POST_BURST)
        limit = PER_MINUTE.get(method)
        return self._take(method, limit / 60, limit) if limit else 0

    def _take(self, name: str, rate: float, capacity: float) -> int:
        now = self.clock()
        bucket = self._buckets.setdefault(name, Bucket(rate, capacity, now))
        return math.ceil(bucket.wait(now))
