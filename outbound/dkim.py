"""DKIM signatures, RSA-2048 and Ed25519 (RFC 6376, RFC 8463).

dkimpy parses, canonicalises and hashes; `cryptography` does the arithmetic. dkimpy's own RSA is
Python integers and parses the key for every message: 10 times the time, and not constant.
"""

import base64
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from dkim.canonicalization import Relaxed, Simple, correct_empty_body

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
_Fields = list[tuple[bytes, bytes]]

# Signed once more often than present: nobody can add a second one that is shown instead.
OVERSIGNED = (
    b"from",
    b"to",
    b"cc",
    b"subject",
    b"reply-to",
    b"message-id",
    b"date",
    b"in-reply-to",
    b"references",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
)
# Signed where present.
SIGNED = (
    b"sender",
    b"auto-submitted",
    b"list-id",
    b"list-help",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"list-subscribe",
    b"list-post",
    b"list-owner",
    b"list-archive",
)


@dataclass(frozen=True, slots=True)
class Signer:
    """One key of a domain: its record stands at `<selector>._domainkey.<domain>`."""

    domain: str
    selector: str
    algorithm: str  # "rsa-sha256" or "ed25519-sha256"
    private_key: bytes = field(repr=False)  # PEM, PKCS #8


def new_key(algorithm: str) -> tuple[bytes, str]:
    """A private key in PEM, and the TXT record that tells the world its public half.

    `algorithm` is "rsa-sha256" or "ed25519-sha256"; raises ValueError for another.
    """
    if algorithm == "rsa-sha256":
        private: PrivateKey = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        encoding = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    elif algorithm == "ed25519-sha256":
        private = ed25519.Ed25519PrivateKey.generate()
        encoding = serialization.Encoding.Raw, serialization.PublicFormat.Raw
    else:
        raise ValueError(f"{algorithm!r} is not an algorithm of DKIM that we sign with.")
    public = base64.b64encode(private.public_key().public_bytes(*encoding)).decode("ascii")
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem, f"v=DKIM1; k={algorithm.partition('-')[0]}; p={public}"


def sign(raw: bytes, signers: Sequence[Signer], *, signed_at: int | None = None) -> bytes:
    """`raw` with one signature per signer on top; the same `signed_at` gives the same octets.

    `raw` is CRLF octets. Raises dkim.DKIMException when its header cannot be parsed.
    """
    if not raw.endswith(b"\r\n"):
        raw += b"\r\n"  # As it will be sent.
    head, separator, body = raw.partition(b"\r\n\r\n")
    fields, _ = dkim.rfc822_parse(head + b"\r\n")
    if not any(name.lower() == b"from" for name, _ in fields):
        raise dkim.MessageFormatError("A message without From cannot be signed.")
    canonical: _Fields = Relaxed.canonicalize_headers(fields)
    body_hash = hashlib.sha256(_canonical_body(body if separator else b"")).digest()
    names = _names_to_sign(canonical)
    at = int(time.time()) if signed_at is None else signed_at
    signatures = [_signature(signer, canonical, names, body_hash, at) for signer in signers]
    return b"".join([*signatures, raw])


def _canonical_body(body: bytes) -> bytes:
    """RFC 6376 §3.4.4. Most bodies have nothing to compress, and looking is 20 times as quick."""
    if b"\t" in body or b"  " in body or b" \r\n" in body:
        canonical: bytes = Relaxed.canonicalize_body(body)
    else:
        canonical = correct_empty_body(Simple.canonicalize_body(body))
    return canonical


def _names_to_sign(fields: _Fields) -> list[bytes]:
    present = [name for name, _ in fields]
    names = []
    for name in OVERSIGNED:
        names += [name] * (present.count(name) + 1)
    for name in SIGNED:
        names += [name] * present.count(name)
    return names


def _signature(
    signer: Signer, fields: _Fields, names: list[bytes], body_hash: bytes, signed_at: int
) -> bytes:
    """One DKIM-Signature field with its CRLF."""
    unsigned = (
        f"v=1; a={signer.algorithm}; c=relaxed/relaxed;\r\n"
        f" d={signer.domain}; s={signer.selector};\r\n"
        f" t={signed_at}; h={_wrapped_names(names)};\r\n"
        f" bh={base64.b64encode(body_hash).decode('ascii')};\r\n"
        f" b="
    ).encode("ascii")
    hasher = hashlib.sha256()
    dkim.hash_headers(hasher, Relaxed, fields, names, (b"DKIM-Signature", unsigned), None)
    signature = base64.b64encode(_signed_digest(signer.private_key, hasher.digest()))
    lines = [signature[start : start + 72] for start in range(0, len(signature), 72)]
    return b"DKIM-Signature: " + unsigned + b"\r\n ".join(lines) + b"\r\n"


def _wrapped_names(names: list[bytes]) -> str:
    """The h= tag, broken after colons (RFC 6376 §3.5)."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > 56:
            lines.append("")
        lines[-1] += f"{name.decode('ascii')}:"
    return "\r\n  ".join(lines).rstrip(":")


def _signed_digest(pem: bytes, digest: bytes) -> bytes:
    key = _private_key(pem)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest, padding.PKCS1v15(), _PREHASHED)
    return key.sign(digest)


_PREHASHED = Prehashed(hashes.SHA256())


@lru_cache(maxsize=512)
def _private_key(pem: bytes) -> PrivateKey:
    """The key, parsed once: OpenSSL takes milliseconds to check an RSA key."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise ValueError("A DKIM key is an RSA or an Ed25519 key.")
    return key
