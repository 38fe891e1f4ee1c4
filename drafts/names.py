"""Names for actors: the record says "user:7", a page says who that is."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import ApiKey, User


def names_of(actors: Iterable[str]) -> dict[str, str]:
    """Each actor's name, in at most two queries. Unknown ones keep what the record says."""
    wanted = {actor for actor in actors if actor}
    named = {actor: actor.partition(":")[2] or actor for actor in wanted}
    users = [int(a[5:]) for a in wanted if a.startswith("user:") and a[5:].isdecimal()]
    keys = [UUID(a[4:]) for a in wanted if a.startswith("key:") and len(a) == 40]
    if users:
        named |= {user.actor: str(user) for user in User.objects.filter(pk__in=users)}
    if keys:
        named |= {key.actor: key.name for key in ApiKey.objects.filter(pk__in=keys)}
    return named
