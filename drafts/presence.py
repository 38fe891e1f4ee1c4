"""Who has a draft before them now. A hint between people, kept in Valkey alone: while that is away
nobody is seen, and nothing else is amiss."""

import time
from collections.abc import Sequence
from functools import cache
from uuid import UUID

import redis
from django.conf import settings

from accounts.models import User

SEEN_FOR = 25.0  # seconds after the last look; the page looks every ten
MOST_NAMED = 8
PATIENCE = 0.5  # seconds


@cache
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
    )


def look(draft_id: UUID, user: User) -> Sequence[User]:
    """Note that `user` views the draft; answers who else does, by name."""
    key, now = f"mailagent:viewers:{draft_id}", time.time()
    try:
        with _client().pipeline(transaction=False) as pipe:
            pipe.zadd(key, {str(user.pk): now})
            pipe.zremrangebyscore(key, "-inf", now - SEEN_FOR)
            pipe.expire(key, int(SEEN_FOR) + 1)
            pipe.zrange(key, 0, 50)
            *_, found = pipe.execute()
    except redis.RedisError:
        return []
    others = [int(each) for each in found if int(each) != user.pk]
    return list(User.objects.filter(pk__in=others).order_by("name", "pk")[:MOST_NAMED])


def leave(draft_id: UUID, user: User) -> None:
    """`user` has gone from the draft."""
    try:
        _client().zrem(f"mailagent:viewers:{draft_id}", str(user.pk))
    except redis.RedisError:
        return
