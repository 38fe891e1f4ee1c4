"""DKIM keys of our domains: made, sealed, opened for signing."""

from collections.abc import Sequence
from functools import lru_cache

from django.db import connection, transaction

from events.secrecy import decrypt, encrypt
from inboxes.domains import domain_of_sender
from inboxes.models import Domain, Message, MessageRaw
from outbound import dkim
from outbound.models import DkimKey

# Asked for every message that leaves.
_KEYS = """
    SELECT id, selector, algorithm, private_key
      FROM outbound_dkimkey
     WHERE domain_id = %s AND active
     ORDER BY selector
"""
_OCTETS = "SELECT octets FROM inboxes_messageraw WHERE message_id = %s"
LETTERS = {DkimKey.Algorithm.RSA: "r", DkimKey.Algorithm.ED25519: "e"}


@transaction.atomic
def new_domain_keys(domain: Domain, *, generation: int = 1, active: bool = True) -> list[DkimKey]:
    """An RSA-2048 and an Ed25519 key for `domain`: receivers that know only one use that.

    The selectors are `ma<generation>r` and `ma<generation>e`.
    """
    made = []
    for algorithm, letter in LETTERS.items():
        private_pem, public_record = dkim.new_key(algorithm.value)
        made.append(
            DkimKey.objects.create(
                domain=domain,
                selector=f"ma{generation}{letter}",
                algorithm=algorithm,
                active=active,
                private_key=encrypt(private_pem),
                public_record=public_record,
            )
        )
    return made


@lru_cache(maxsize=256)
def _opened(key_id: int, sealed: bytes) -> bytes:
    return decrypt(sealed)


def signers_of(domain: Domain) -> list[dkim.Signer]:
    """The signers for mail from `domain`; empty when it has no active key."""
    with connection.cursor() as cursor:
        cursor.execute(_KEYS, [domain.pk])
        return [
            dkim.Signer(domain.name, selector, algorithm, _opened(pk, bytes(sealed)))
            for pk, selector, algorithm, sealed in cursor.fetchall()
        ]


def domain_of(message: Message) -> Domain:
    """The From domain: the inbox's own, or that of another address of it."""
    own = message.inbox.domain
    name = message.header_from.rpartition("@")[2]
    if name == own.name:
        return own
    found = domain_of_sender(message.inbox, name)
    if found is None:
        raise Domain.DoesNotExist(f"the domain of message {message.pk} is gone")
    return found


def frozen_octets(message: Message) -> bytes:
    """The octets that were decided on."""
    with connection.cursor() as cursor:
        cursor.execute(_OCTETS, [message.pk])
        found = cursor.fetchone()
    if found is None:
        raise MessageRaw.DoesNotExist(f"the octets of message {message.pk} are gone")
    return bytes(found[0])


def signed_octets(message: Message, domain: Domain) -> bytes:
    """The octets as they leave."""
    return sign(message, frozen_octets(message), signers_of(domain))


def sign(message: Message, octets: bytes, signers: Sequence[dkim.Signer]) -> bytes:
    """The message's `octets` as they leave. The Date of the message is the time of the signatures,
    so that every attempt has the same."""
    signed_at = int((message.date or message.created_at).timestamp())
    return dkim.sign(octets, signers, signed_at=signed_at)
