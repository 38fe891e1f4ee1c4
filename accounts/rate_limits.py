"""How often a key and its workspace may call in a minute, counted in Valkey for all processes.

A sliding window: what was counted in the minute before weighs as much as of it still lies within
the last 60 seconds. Where Valkey is away each process counts for itself; nobody is turned away
for that.
"""

import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings
from redis.commands.core import Script

from accounts.models import ApiKey
from events.errors import MailAgentError

logger = logging.getLogger(__name__)

WINDOW = 60  # seconds
_TIMEOUT = 0.25  # seconds that a request waits for Valkey at most
_LEFT_ALONE = 5.0  # seconds for which Valkey is not asked again once it was away
_MOST_SUBJECTS = 10_000

# KEYS: what is counted. ARGV: the window, then each one's limit. Counts only if all allow it.
# Answers for each what is used of it, and then how far into the window we are. One round trip.
_COUNT = """
local now = redis.call('TIME')
local seconds = tonumber(now[1]) + tonumber(now[2]) / 1000000
local window = tonumber(ARGV[1])
local slot = math.floor(seconds / window)
local into = seconds / window - slot
local held, used, over = {}, {}, false
for i, subject in ipairs(KEYS) do
    local kept = redis.call('HMGET', subject, 'slot', 'now', 'before')
    local at, current, before = tonumber(kept[1]), tonumber(kept[2]), tonumber(kept[3])
    if at ~= slot then
        before = at == slot - 1 and current or 0
        current = 0
    end
    held[i] = {current, before}
    used[i] = math.ceil(current + before * (1 - into))
    over = over or used[i] >= tonumber(ARGV[i + 1])
end
for i, subject in ipairs(KEYS) do
    if not over then
        redis.call('HSET', subject, 'slot', slot, 'now', held[i][1] + 1, 'before', held[i][2])
        redis.call('EXPIRE', subject, 2 * window)
        used[i] = used[i] + 1
    end
end
used[#used + 1] = math.floor(into * window)
used[#used + 1] = over and 1 or 0
return used
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Where a caller stands with the tightest of their limits. `reset`: seconds."""

    limit: int
    remaining: int
    reset: int
    is_over: bool

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class RateLimited(MailAgentError):
    code = "RATE_LIMITED"

    def __init__(self, usage: Usage) -> None:
        super().__init__(
            f"At most {usage.limit} requests a minute are allowed. "
            f"Come back in {usage.reset} seconds.",
            limit=usage.limit,
            retry_after=usage.reset,
        )


def count(key: ApiKey) -> Usage | None:
    """Count one call of `key`, unless that would be too many. None where nothing is limited."""
    limits = {f"mailagent:rate:key:{key.pk}": settings.RATE_LIMIT}
    if key.workspace_id is not None:
        limits[f"mailagent:rate:workspace:{key.workspace_id}"] = settings.WORKSPACE_RATE_LIMIT
    limits = {subject: limit for subject, limit in limits.items() if limit > 0}
    if not limits:
        return None
    *used, into, over = _shared.count(limits) or _own.count(limits)
    pairs = zip(limits.values(), used, strict=True)
    remaining, limit = min((max(limit - spent, 0), limit) for limit, spent in pairs)
    return Usage(limit, remaining, max(WINDOW - into, 1), bool(over))


@cache
def _script(url: str) -> Script:
    client = redis.Redis.from_url(
        url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=None
    )
    script: Script = client.register_script(_COUNT)
    return script


class _Shared:
    """The counters in Valkey."""

    def __init__(self) -> None:
        self._not_before = 0.0

    def count(self, limits: dict[str, int]) -> Sequence[int] | None:
        """None where Valkey is away."""
        if time.monotonic() < self._not_before:
            return None
        try:
            answer: list[int] = _script(settings.REDIS_URL)(
                keys=list(limits), args=[WINDOW, *limits.values()]
            )
        except (redis.RedisError, OSError) as error:
            self._not_before = time.monotonic() + _LEFT_ALONE
            logger.warning("requests are counted per process: %s", type(error).__name__)
            return None
        return answer


class _Own:
    """This process's counters, in the same manner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def count(self, limits: dict[str, int]) -> Sequence[int]:
        seconds = time.time()
        slot = int(seconds // WINDOW)
        into = seconds / WINDOW - slot
        with self._lock:
            held = {subject: self._at(subject, slot) for subject in limits}
            used = [math.ceil(now + before * (1 - into)) for now, before in held.values()]
            over = any(u >= limit for u, limit in zip(used, limits.values(), strict=True))
            if not over:
                for subject, (now, before) in held.items():
                    self._held[subject] = (slot, now + 1, before)
                    self._held.move_to_end(subject)
                while len(self._held) > _MOST_SUBJECTS:
                    self._held.popitem(last=False)
                used = [u + 1 for u in used]
        return [*used, int(into * WINDOW), int(over)]

    def _at(self, subject: str, slot: int) -> tuple[int, int]:
        at, now, before = self._held.get(subject, (slot, 0, 0))
        if at == slot:
            return now, before
        return 0, now if at == slot - 1 else 0


_shared = _Shared()
_own = _Own()
