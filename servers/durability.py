"""Whether a COMMIT of this database is worth a 250."""

from django.db import connection

_NEEDED = ("fsync", "synchronous_commit")


def broken_promises() -> list[str]:
    """A sentence for each setting of PostgreSQL under which acknowledged mail can be lost."""
    found = []
    with connection.cursor() as cursor:
        for name in _NEEDED:
            cursor.execute(f"SHOW {name}")
            (value,) = cursor.fetchone()
            if value == "off":
                found.append(
                    f"PostgreSQL runs with {name} = off: mail that was acknowledged could be "
                    f"lost. Set {name} = on."
                )
    return found
