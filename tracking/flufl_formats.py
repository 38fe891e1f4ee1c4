"""The formats that `flufl.bounce` knows: asked last, on words that are cut, never on a message."""

import logging
from email.message import Message

from flufl.bounce import all_failures

from tracking.reports import RECIPIENTS_LIMIT

_READ_LIMIT = 16 * 1024
_LINE_LIMIT = 500

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)


def recipients_by_flufl(from_field: str, subject: str, notice: str) -> list[str]:
    """The recipients that one of its detectors finds in `notice`, sorted."""
    message = Message()
    message["From"] = _one_line(from_field)
    message["Subject"] = _one_line(subject)
    lines = notice[:_READ_LIMIT].splitlines()
    text = "\n".join(line[:_LINE_LIMIT] for line in lines)
    message.set_payload(text.encode("ascii", "replace").decode("ascii"))
    try:
        delayed, failed = all_failures(message)
    except Exception:  # noqa: BLE001 - what its detectors raise is nowhere said; then nobody is named
        return []
    found = {octets.decode("ascii", "ignore").strip() for octets in delayed | failed}
    return sorted(each for each in found if each.find("@") > 0 and " " not in each)[
        :RECIPIENTS_LIMIT
    ]


def _one_line(text: str) -> str:
    return " ".join(text.encode("ascii", "replace").decode("ascii").split())[:_LINE_LIMIT]
