"""What is known of an address after something came back from it."""

import pytest

from tests.api.conftest import Client
from tests.conftest import make_key
from tests.tracking.reports_of import arf, dsn, plain
from tests.tracking.returned import come_back, left, signed

ANN = "ann@customer.example"


@pytest.fixture
def health(inbox):
    return lambda: Client(make_key(inbox)).get(f"/v1/contacts/{ANN}").json()


def test_last_bounce_tells_kind_reason_codes_and_words(inbox, health):
    come_back(dsn(ANN), signed(left(inbox, ANN)))

    bounce = health()["lastBounce"]
    assert (bounce["kind"], bounce["reason"]) == ("hard", "mailbox_unknown")
    assert (bounce["code"], bounce["status"]) == (550, "5.1.1")
    assert "User unknown" in bounce["reply"]
    assert health()["suppressions"][0]["report"] == bounce["reply"]


def test_complaint_is_told(inbox, health):
    message = left(inbox, ANN)

    come_back(arf("Feedback-Type: abuse", message_id=message.header_message_id), inbox.email)

    assert health()["complaint"]["reason"] == "complaint"


def out_of_office(text: str, date: str) -> bytes:
    return plain(text, subject="Away", sender=ANN, date=date, Auto_Submitted="auto-replied")


def test_out_of_office_tells_the_date_and_whom_to_write_to(inbox, health):
    text = "I am out of office until 2099-01-05. Please contact ben@customer.example."

    come_back(out_of_office(text, "Mon, 1 Dec 2098 10:00:00 +0000"), inbox.email, mail_from=ANN)

    told = health()["outOfOffice"]
    assert (told["backOn"], told["writeTo"]) == ("2099-01-05", ["ben@customer.example"])


def test_out_of_office_that_is_over_is_not_told(inbox, health):
    text = "I am out of office until 2019-01-05."

    come_back(out_of_office(text, "Mon, 31 Dec 2018 10:00:00 +0000"), inbox.email, mail_from=ANN)
    assert health()["outOfOffice"] is None


def test_stranger_is_told_nothing_of_it(inbox, strange_key):
    come_back(dsn(ANN), signed(left(inbox, ANN)))

    told = Client(strange_key).get(f"/v1/contacts/{ANN}").json()
    assert (told["lastBounce"], told["isSuppressed"]) == (None, False)
