"""What people decided, in figures."""

import pytest

from drafts import review
from tests.api.conftest import Client


@pytest.fixture
def client(key: str) -> Client:
    return Client(key)


def test_without_decisions_there_is_nothing_to_divide(client):
    told = client.get("/v1/metrics").json()["review"]
    assert (told["approved"], told["editedShare"]) == (0, None)
    assert told["waitingSeconds"] == {"mean": None, "median": None, "p90": None}


def test_a_rejection_is_counted_with_the_time_it_waited(client, draft, reviewer):
    review.reject(draft, by=reviewer, words="Too curt.", version=1)
    told = client.get("/v1/metrics").json()["review"]
    assert (told["rejected"], told["approved"], told["automatic"]) == (1, 0, 0)
    assert told["waitingSeconds"]["median"] > 0


@pytest.mark.parametrize(("changes", "share"), [({}, 0.0), ({"plain_body": "Changed."}, 1.0)])
def test_what_people_edited_before_approving_is_a_share(
    client, draft, reviewer, approve, changes, share
):
    if changes:
        review.revise(draft, by=reviewer, changes=changes, version=1)
    approve(draft)
    told = client.get("/v1/metrics").json()["review"]
    assert (told["approved"], told["editedShare"]) == (1, share)
