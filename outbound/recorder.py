"""Several attempts that end at once are put on record in one transaction."""

from collections.abc import Sequence

from outbound.recording import Ended, record_many
from outbound.together import Together


def _record(ended: Sequence[Ended]) -> Sequence[bool]:
    record_many(ended)
    return [True] * len(ended)


recorder: Together[Ended, bool] = Together(_record)
