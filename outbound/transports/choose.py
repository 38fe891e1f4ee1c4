"""The transport that a setting names."""

from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from outbound.transports.catcher import Catcher
from outbound.transports.direct import Direct
from outbound.transports.limits import Limits
from outbound.transports.protocol import Transport
from outbound.transports.smtp import Relay, Smarthost, Tls
from outbound.transports.sts_policies import StsPolicies

_FORMS = "catcher, direct, smtp://host:port or smtps://user:password@host:port"
_STARTTLS: dict[str, Tls] = {
    "required": "required",
    "opportunistic": "opportunistic",
    "never": "never",
}


def transport_for(
    url: str,
    *,
    dns: str,
    hostname: str,
    policies: StsPolicies | None = None,
    limits: Limits | None = None,
) -> Transport:
    """The transport for `MAILAGENT_TRANSPORT`. Raises ValueError, without the password.

    `policies` and `limits` concern those who go to the recipients' own servers.
    `smtp://` takes `?tls=required` (verified), `opportunistic` or `never`. A user and password
    go out under verified TLS, unless `never` is asked for.
    """
    if url == "catcher":
        return Catcher()
    if url == "direct":
        return Direct(hostname=hostname, dns=dns, policies=policies, limits=limits)
    return Smarthost(_relay(url), hostname=hostname, dns=dns)


def _relay(url: str) -> Relay:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"The transport is not one of: {_FORMS}.") from None
    if parts.scheme not in ("smtp", "smtps") or not host or parts.path.strip("/") or parts.fragment:
        raise ValueError(f"The transport is not one of: {_FORMS}.")
    tls = _tls(parts)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise ValueError("The transport names a user without a password, or the reverse.")
    if "\0" in user + password:
        raise ValueError("The transport's user and password cannot hold NUL.")
    return Relay(host, port or _usual_port(tls, user), tls, user, password)


def _tls(parts: SplitResult) -> Tls:
    options = parse_qs(parts.query, keep_blank_values=True)
    chosen = options.pop("tls", [""])[-1]
    if options or (parts.scheme == "smtps" and chosen):
        raise ValueError("The transport takes no other option than tls, and smtps:// takes none.")
    if parts.scheme == "smtps":
        return "implicit"
    if not chosen:
        return "required" if parts.username else "opportunistic"
    if chosen not in _STARTTLS:
        raise ValueError("The transport's tls is required, opportunistic or never.")
    if chosen == "opportunistic" and parts.username:
        raise ValueError("A password needs tls=required, or tls=never on a network you trust.")
    return _STARTTLS[chosen]


def _usual_port(tls: Tls, user: str) -> int:
    if tls == "implicit":
        return 465
    return 587 if user else 25
