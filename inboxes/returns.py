"""Reports about mail of ours, which come by the same door as mail and are nobody's mail.

Those above us who can read them say before the transaction what is to be done with a report; it is
done in the transaction that would have stored a message, so that 250 means the same for both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from inboxes.recipients import Recipient

if TYPE_CHECKING:
    from inboxes.letters import Envelope

Taking = Callable[[], None]
# None: this is mail for the inbox, such as an automatic reply that followed the return path.
Reader = Callable[["Envelope", bytes, Recipient], Taking | None]
_readers: list[Reader] = []


def register(reader: Reader) -> None:
    """Have `reader` look at what comes for an envelope sender of ours."""
    if reader not in _readers:
        _readers.append(reader)


def sort_out(envelope: Envelope, raw: bytes) -> Envelope:
    """The envelope without the recipients for whom `raw` is a report, which goes to `returned`."""
    if all(recipient.delivery_id is None for recipient in envelope.recipients):
        return envelope
    kept: list[Recipient] = []
    returned: list[Taking] = []
    for recipient in envelope.recipients:
        taking = _read(envelope, raw, recipient)
        if taking is None:
            kept.append(recipient)
        else:
            returned.append(taking)
    return replace(envelope, recipients=tuple(kept), returned=tuple(returned))


def _read(envelope: Envelope, raw: bytes, recipient: Recipient) -> Taking | None:
    if recipient.delivery_id is None:
        return None
    takings = (reader(envelope, raw, recipient) for reader in _readers)
    return next((taking for taking in takings if taking is not None), None)


def take(envelopes: Iterable[Envelope]) -> None:
    """Do what the readers said, inside the caller's transaction."""
    for envelope in envelopes:
        for taking in envelope.returned:
            taking()
