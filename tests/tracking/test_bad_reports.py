"""Reports that come by SMTP and tell nothing of our mail, or the same again and again."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from events.models import Event
from inboxes.models import Message
from outbound.models import Suppression
from tests.servers.running import running
from tests.tracking.reports_of import dsn
from tests.tracking.returned import come_back, left, signed, status_of
from tracking.models import DeliveryReport

pytestmark = pytest.mark.django_db(transaction=True)
ANN = "ann@customer.example"


@pytest.fixture
def bring(inbox):
    """Hands a report over by SMTP; what the port answers at the end."""
    with running() as server, server.client() as smtp:

        def hand_over(raw: bytes, to: str) -> int:
            smtp.mail("")
            assert smtp.rcpt(to)[0] == 250
            return smtp.data(raw)[0]

        yield hand_over


def enclosing(report: bytes, inner: bytes) -> bytes:
    """`report`, with `inner` as the message that it is about."""
    return report.replace(
        b"Content-Type: text/rfc822-headers\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n" + inner.replace(b"=b=", b"=i="),
    )


def test_a_report_for_mail_that_we_never_sent_is_kept_labelled_and_changes_nothing(inbox, bring):
    message = left(inbox, ANN)

    assert bring(dsn(ANN, message_id="nobody@knows.example"), inbox.email) == 250

    stored = Message.objects.get(direction="inbound")
    assert stored.labels == ["report"]
    assert stored.metadata["report"]["state"] == "unmatched"
    assert "User unknown" in stored.metadata["report"]["words"]
    assert status_of(message) == ("sent", ["sent"])
    assert not Suppression.objects.exists()


def test_a_report_within_a_report_accuses_only_whom_the_outer_one_names(inbox, bring):
    bob = "bob@customer.example"
    message, other = left(inbox, ANN), left(inbox, bob)
    inner = dsn(bob, message_id=other.header_message_id, mail_from=signed(other))

    assert bring(enclosing(dsn(ANN), inner), signed(message)) == 250

    assert status_of(message) == ("failed", ["failed"])
    assert status_of(other) == ("sent", ["sent"])
    assert [each.address for each in Suppression.objects.all()] == [ANN]


def test_a_storm_of_reports_about_one_message_is_told_once_and_leaves_a_bounded_number(
    inbox, bring
):
    message = left(inbox, ANN)
    to = signed(message)

    replies = {bring(dsn(ANN, report_id=f"storm-{n}"), to) for n in range(100)}

    assert replies == {250}
    assert Event.objects.filter(type="message.bounced").count() == 1
    assert Suppression.objects.count() == 1
    assert DeliveryReport.objects.count() <= 20
    assert not Message.objects.filter(direction="inbound").exists()


def test_the_last_report_of_a_storm_costs_no_more_than_the_first(inbox):
    storm = [left(inbox, f"{n}@customer.example") for n in range(60)]

    def queries(message: Message) -> int:
        to = signed(message)
        raw = dsn(message.recipients[0], mail_from=to, report_id=str(message.pk))
        with CaptureQueriesContext(connection) as asked:
            come_back(raw, to)
        return len(asked)

    costs = [queries(message) for message in storm]

    assert Event.objects.filter(type="message.bounced").count() == 60
    assert max(costs[1:]) <= costs[0]
