"""The reply corpus: seven libraries' own expectations, which do not all agree with each other."""

from inboxes.mime import parse
from inboxes.quotes import reply_text, without_quotes
from tests.corpora.conftest import shares_below

# The share that must be reached. One "partial" expectation contradicts another source.
FLOORS = {
    ("ALL", "loose"): 1.0,
    ("ALL", "partial"): 0.94,
    ("ALL", "exact"): 0.97,
    ("crisp-email-reply-parser", "loose"): 1.0,
    ("email_reply_trimmer", "loose"): 1.0,
    ("github-email_reply_parser", "loose"): 1.0,
    ("mail-parser-reply", "partial"): 1.0,
    ("quotequail", "loose"): 1.0,
    ("talon", "loose"): 1.0,
    ("zapier-email-reply-parser", "loose"): 1.0,
}


def test_reply_text_reaches_its_floor_on_every_source(corpora, score):
    answers = {
        f"{source}/{case['id']}": _answer(folder, case) for source, folder, case in corpora("reply")
    }
    assert shares_below(score("reply", answers), FLOORS) == {}


def _answer(folder, case):
    raw = (folder / case["file"]).read_bytes()
    plain, html = "", ""
    if case["format"] == "eml":
        parsed = parse(raw)
        plain, html = parsed.plain_body, parsed.html_body
    elif case["format"] == "html":
        html = raw.decode(errors="replace")
    else:
        plain = raw.decode(errors="replace")
    return {"quote": without_quotes(plain, html), "full": reply_text(plain, html)}
