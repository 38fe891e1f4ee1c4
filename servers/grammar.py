"""RFC 5321 §4.1.2: the arguments of MAIL and RCPT. Octets already decoded; knows no framework."""

import re
from dataclasses import dataclass

LOCAL_PART_LIMIT = 64  # octets, RFC 5321 §4.5.3.1.1
PATH_LIMIT = 254

_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"'
_ATOM = r"[^\s\x00-\x20\x7f()<>\[\]:;@\\,.\"]+"
_LOCAL = rf"(?:{_QUOTED}|{_ATOM}(?:\.{_ATOM})*)"
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Za-z:.]{{2,60}}\])"
# A source route says nothing any more and is left out (RFC 5321 Appendix C).
_ROUTE = rf"(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)?"
_MAILBOX = re.compile(rf"{_ROUTE}(?P<local>{_LOCAL})@(?P<domain>{_DOMAIN})")
_PATH = re.compile(r'<(?P<path>(?:"(?:[^"\\]|\\.)*"|[^<>"])*)>(?P<rest>.*)', re.DOTALL)
_PARAMETER = re.compile(r"(?P<key>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[^\s=\x00-\x20\x7f]+))?")


class NoPath(ValueError):
    """The argument has not the form `FROM:<path>` with parameters."""


class BadMailbox(ValueError):
    """There is a path, but no mailbox in it."""


@dataclass(frozen=True, slots=True)
class Argument:
    """What MAIL or RCPT was given: a mailbox ("" for <>), and parameters in capitals."""

    mailbox: str
    parameters: dict[str, str]


def read_argument(argument: str, keyword: str) -> Argument:
    """Read `FROM:<a@b> SIZE=1`, keyword in capitals. Raises NoPath or BadMailbox.

    Spaces after the colon are forgiven: many devices send them.
    """
    if argument[: len(keyword)].upper() != keyword:
        raise NoPath(argument)
    found = _PATH.fullmatch(argument[len(keyword) :].strip(" "))
    if found is None:
        raise NoPath(argument)
    return Argument(_mailbox(found["path"]), _parameters(found["rest"]))


def _mailbox(path: str) -> str:
    if not path:
        return ""
    if path.lower() == "postmaster":  # RFC 5321 §4.5.1: the one name that needs no domain
        return "postmaster"
    found = _MAILBOX.fullmatch(path)
    if found is None or len(path.encode(errors="replace")) > PATH_LIMIT:
        raise BadMailbox(path)
    return f"{_unquoted(found['local'])}@{found['domain']}"


def _unquoted(local: str) -> str:
    """A local part without quotes that it does not need (RFC 5321 §4.1.2: they are the same)."""
    bare = re.sub(r"\\(.)", r"\1", local[1:-1]) if local.startswith('"') else local
    return bare if re.fullmatch(rf"{_ATOM}(?:\.{_ATOM})*", bare) else local


def _parameters(rest: str) -> dict[str, str]:
    if rest and not rest.startswith(" "):
        raise NoPath(rest)
    parameters: dict[str, str] = {}
    for word in rest.split():
        found = _PARAMETER.fullmatch(word)
        if found is None or found["key"].upper() in parameters:
            raise NoPath(word)
        parameters[found["key"].upper()] = found["value"] or ""
    return parameters
