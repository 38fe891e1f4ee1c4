"""Connections to each receiving domain, counted in Valkey for all processes.

A slot is a lease: it ends by itself soon after its process has died. Where Valkey is away nothing
is limited; nobody's mail waits for that.
"""

import logging
import os
import threading
import time
from functools import lru_cache
from uuid import uuid4

import redis
from django.conf import settings

from outbound.transports.limits import NoLimits, Slot

logger = logging.getLogger(__name__)

LEASE = 60.0  # seconds
RENEW_EVERY = 20.0
HALVED_FOR = 900  # seconds after the last 421
HALVED_ONCE_IN = 5  # seconds: connections that are refused together count as one
_TIMEOUT = 0.5  # seconds that a message waits for Valkey at most
_LEFT_ALONE = 5.0  # seconds for which Valkey is not asked again once it was away

# KEYS: the slots, the lowered limit. ARGV: a name for the slot, seconds of lease, the usual limit.
_TAKE = """
local now = redis.call('TIME')
local seconds = tonumber(now[1]) + tonumber(now[2]) / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', seconds)
local limit = tonumber(redis.call('GET', KEYS[2]) or ARGV[3])
if redis.call('ZCARD', KEYS[1]) >= limit then return 0 end
redis.call('ZADD', KEYS[1], seconds + tonumber(ARGV[2]), ARGV[1])
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[2]) * 2))
return 1
"""
# KEYS: slots. ARGV: seconds of lease, then the slot's name for each key. Only what is there.
_RENEW = """
local now = redis.call('TIME')
local seconds = tonumber(now[1]) + tonumber(now[2]) / 1000000
for i, key in ipairs(KEYS) do
    redis.call('ZADD', key, 'XX', seconds + tonumber(ARGV[1]), ARGV[i + 1])
    redis.call('EXPIRE', key, math.ceil(tonumber(ARGV[1]) * 2))
end
return 1
"""
# KEYS: the lowered limit, a mark that it was lowered just now. ARGV: the usual limit, for how
# many seconds it stays low, how long the mark stays.
_HALVE = """
local limit = tonumber(redis.call('GET', KEYS[1]) or ARGV[1])
if redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[3]) then
    limit = math.max(1, math.floor(limit / 2))
    redis.call('SET', KEYS[1], limit, 'EX', ARGV[2])
end
return limit
"""


class _Lease:
    """One slot of ours."""

    def __init__(self, limits: "ConnectionLimits", key: str) -> None:
        self.key = key
        self.name = uuid4().hex
        self._limits = limits

    def release(self) -> None:
        self._limits.give_back(self)


class ConnectionLimits:
    """`most`: connections to one domain at a time, as long as its servers do not say 421."""

    def __init__(self, url: str, *, most: int) -> None:
        self._client = redis.Redis.from_url(
            url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=None
        )
        self._take = self._client.register_script(_TAKE)
        self._renew = self._client.register_script(_RENEW)
        self._halve = self._client.register_script(_HALVE)
        self._most = most
        self._lock = threading.Lock()
        self._held: dict[str, _Lease] = {}
        self._keeper: threading.Thread | None = None
        self._process = os.getpid()
        self._away_until = 0.0

    def take(self, domain: str) -> Slot | None:
        if time.monotonic() < self._away_until:
            return NoLimits().take(domain)
        lease = _Lease(self, f"mailagent:connections:{domain}")
        try:
            keys = [lease.key, f"mailagent:connections:most:{domain}"]
            taken = self._take(keys=keys, args=[lease.name, LEASE, self._most])
        except redis.RedisError as error:
            self._note_away(error)
            return NoLimits().take(domain)
        if not taken:
            return None
        self._hold(lease)
        return lease

    def halve(self, domain: str) -> None:
        keys = [f"mailagent:connections:{which}:{domain}" for which in ("most", "halved")]
        try:
            limit = self._halve(keys=keys, args=[self._most, HALVED_FOR, HALVED_ONCE_IN])
        except redis.RedisError as error:
            self._note_away(error)
        else:
            logger.info("connections to %s: at most %s for now", domain, limit)

    def give_back(self, lease: _Lease) -> None:
        with self._lock:
            if self._held.pop(lease.name, None) is None:
                return
        try:
            self._client.zrem(lease.key, lease.name)
        except redis.RedisError as error:
            self._note_away(error)

    def _note_away(self, error: redis.RedisError) -> None:
        if time.monotonic() > self._away_until:
            logger.warning("connections are not limited: %s", type(error).__name__)
        self._away_until = time.monotonic() + _LEFT_ALONE

    def _hold(self, lease: _Lease) -> None:
        with self._lock:
            if self._process != os.getpid():  # What the parent holds is the parent's.
                self._process, self._held, self._keeper = os.getpid(), {}, None
            self._held[lease.name] = lease
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="slots", daemon=True)
                self._keeper.start()

    def _keep(self) -> None:
        """Renew what is held, until nothing is."""
        while True:
            time.sleep(RENEW_EVERY)
            with self._lock:
                held = list(self._held.values())
                if not held:
                    self._keeper = None
                    return
            try:
                self._renew(keys=[each.key for each in held], args=[LEASE, *(e.name for e in held)])
            except redis.RedisError as error:
                self._note_away(error)


@lru_cache(maxsize=4)
def connection_limits(url: str, most: int) -> ConnectionLimits:
    """One for the process. `most` as MAILAGENT_DOMAIN_CONNECTIONS says."""
    return ConnectionLimits(url, most=most)


def of_this_installation() -> ConnectionLimits:
    return connection_limits(settings.REDIS_URL, settings.DOMAIN_CONNECTIONS)
