"""Asking the DNS: one resolver for everything that does (MAILAGENT_DNS)."""

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from dns.exception import DNSException
from dns.rdata import Rdata
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from inboxes.proving.resolver import resolver_at
from outbound.dns_records import Answers, Question, Values

__all__ = ["ask_all", "resolver_at"]

_AT_ONCE = 8
_MOST_VALUES = 50
_MOST_LETTERS = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def ask_all(resolver: Resolver, questions: Iterable[Question]) -> Answers:
    """The answers to all `questions`, asked side by side. None: the DNS did not say."""
    asked = sorted(set(questions))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="dns") as pool:
        return dict(zip(asked, pool.map(lambda one: _ask(resolver, one), asked), strict=True))


def _ask(resolver: Resolver, question: Question) -> Values | None:
    """What stands there: () for nothing, None where nobody could tell (SERVFAIL, no answer)."""
    record_type, name = question
    try:
        answer = resolver.resolve(f"{name}.", record_type)
    except (NXDOMAIN, NoAnswer):
        return ()
    except DNSException:
        return None
    return tuple(sorted(_CONTROL.sub("?", _text(each))[:_MOST_LETTERS] for each in answer))[
        :_MOST_VALUES
    ]


def _text(record: Rdata) -> str:
    """A record as `dns_records` writes it: names in lower case without the final dot, the strings
    of a TXT record joined (RFC 7208 §3.3, RFC 6376 §3.6.2.2)."""
    if isinstance(record, TXT):
        return b"".join(record.strings).decode("ascii", "backslashreplace")
    if isinstance(record, MX):
        return f"{record.preference} {_plain(record.exchange.to_text())}"
    if isinstance(record, CNAME):
        return _plain(record.target.to_text())
    return record.to_text()


def _plain(name: str) -> str:
    return name.lower().rstrip(".") or "."
