"""Secrets at rest: encrypted under a key that lives outside the database."""

import base64
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def derived_key(purpose: str, *, secret: str = "") -> bytes:
    """32 octets for one purpose, from the installation's secret key (HKDF, RFC 5869)."""
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"mailagent {purpose}".encode())
    return kdf.derive((secret or settings.SECRET_KEY).encode())


@lru_cache(maxsize=8)
def _fernet(secrets: tuple[str, ...]) -> MultiFernet:
    keys = (derived_key("secrets at rest", secret=secret) for secret in secrets)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _current() -> MultiFernet:
    return _fernet((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def encrypt(clear: bytes) -> bytes:
    """`clear` under the installation's key. A rotated key still opens by SECRET_KEY_FALLBACKS."""
    return _current().encrypt(clear)


def decrypt(sealed: bytes) -> bytes:
    """The reverse of `encrypt`. Raises cryptography.fernet.InvalidToken under another key."""
    return _current().decrypt(bytes(sealed))


def mac(purpose: str, text: bytes) -> bytes:
    """HMAC-SHA256 of `text` under the key of `purpose`."""
    return hmac.digest(derived_key(purpose), text, "sha256")
