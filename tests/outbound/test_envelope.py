import random

from outbound.envelope import envelope_sender, read_token

KEY = b"k" * 32


def local_part(delivery_id: int, key: bytes = KEY) -> str:
    return envelope_sender(delivery_id, domain="bounces.example.com", key=key).partition("@")[0]


def test_token_names_its_delivery():
    for delivery_id in (0, 1, 4711, 2**63 - 1):
        assert read_token(local_part(delivery_id), key=KEY) == delivery_id


def test_local_part_has_at_most_64_octets_and_stands_under_the_return_path_domain():
    sender = envelope_sender(2**63 - 1, domain="bounces.example.com", key=KEY)

    assert sender.startswith("bounce+")
    assert sender.endswith("@bounces.example.com")
    assert len(sender.partition("@")[0]) <= 64


def test_token_survives_a_server_that_changes_case():
    assert read_token(local_part(4711).upper(), key=KEY) == 4711


def test_token_of_another_key_is_refused():
    assert read_token(local_part(4711, key=b"x" * 32), key=KEY) is None


def test_every_changed_letter_is_refused():
    genuine = local_part(4711)
    for place in range(len("bounce+"), len(genuine)):
        for letter in "abcdefghijklmnopqrstuvwxyz234567":
            forged = genuine[:place] + letter + genuine[place + 1 :]
            assert forged == genuine or read_token(forged, key=KEY) is None


def test_what_is_no_token_is_refused():
    genuine = local_part(4711)
    for wrong in ("", "bounce", "bounce+", "support", genuine[:-1], genuine + "a", genuine[7:]):
        assert read_token(wrong, key=KEY) is None


def test_random_octets_never_raise():
    dice = random.Random(1)
    for _ in range(2000):
        token = "".join(chr(dice.randrange(1, 0x3000)) for _ in range(dice.choice((39, 40, 41))))
        assert read_token(f"bounce+{token}", key=KEY) is None
