"""Envelope senders that tell which delivery a bounce belongs to, and that nobody can forge.

`bounce+<token>@<return-path domain>`: the token is base32 of a version, the delivery's id and a
truncated HMAC; 40 letters that survive servers which change the case of a local part.
"""

import base64
import hashlib
import hmac

_PREFIX = "bounce+"
_VERSION = b"\x01"
_MAC_OCTETS = 16
_TOKEN_LENGTH = 40  # 25 octets: base32 without padding and without spare bits.


def envelope_sender(delivery_id: int, *, domain: str, key: bytes) -> str:
    """The `mail_from` of one delivery; its local part has 47 octets. `delivery_id` < 2**63."""
    signed = _VERSION + delivery_id.to_bytes(8, "big", signed=True)
    token = base64.b32encode(signed + _mac(signed, key)).decode("ascii").lower()
    return f"{_PREFIX}{token}@{domain}"


def read_token(local_part: str, *, key: bytes) -> int | None:
    """The delivery that `local_part` was made for, or None when it was not made by us."""
    prefix, token = local_part[: len(_PREFIX)], local_part[len(_PREFIX) :]
    if prefix.lower() != _PREFIX or len(token) != _TOKEN_LENGTH or not token.isascii():
        return None
    try:
        octets = base64.b32decode(token, casefold=True)
    except ValueError:
        return None
    signed, mac = octets[:-_MAC_OCTETS], octets[-_MAC_OCTETS:]
    if not hmac.compare_digest(mac, _mac(signed, key)) or not signed.startswith(_VERSION):
        return None
    return int.from_bytes(signed[1:], "big", signed=True)


def looks_signed(local_part: str) -> bool:
    """Whether a local part has the form of ours, whoever made it."""
    return local_part[: len(_PREFIX)].lower() == _PREFIX and len(local_part) > _TOKEN_LENGTH


def _mac(signed: bytes, key: bytes) -> bytes:
    keyed = hmac.new(key, b"mailagent envelope sender\0" + signed, hashlib.sha256)
    return keyed.digest()[:_MAC_OCTETS]
