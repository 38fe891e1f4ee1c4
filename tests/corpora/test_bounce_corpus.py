"""The corpus of bounces: what other readers of reports agree on, as floors."""

from tests.corpora.conftest import counts_below
from tracking.report_reading import read_report
from tracking.reports import Kind

# Key: least good answers of all. The best of other programs reaches 94, 98, 99, 100, 0 and 95 %.
FLOOR = {
    "kind": (363, 375),
    "recipients equal": (281, 288),
    "no false suppression": (190, 190),
    "complaint seen": (16, 16),
    "delay not counted as failure": (16, 16),
    "non-bounce left alone": (39, 39),
    "bounce seen": (313, 316),
}
COUNTED = {Kind.HARD, Kind.SOFT, Kind.DELAYED, Kind.COMPLAINT}


def answer(raw: bytes) -> dict[str, object]:
    report = read_report(raw)
    return {
        "kind": report.kind.value if report.kind in COUNTED else "none",
        "recipients": [v.address for v in report.verdicts if v.kind is not Kind.DELIVERED],
    }


def test_bounce_corpus_is_read_better_than_by_the_best_of_others(corpora, score):
    answers = {
        f"{source}/{case['id']}": answer((folder / case["file"]).read_bytes())
        for source, folder, case in corpora("bounces")
    }
    assert counts_below(score("bounces", answers), FLOOR) == {}


def test_line_ends_make_no_difference(corpora):
    for source, folder, case in corpora("bounces"):
        with_lf = (folder / case["file"]).read_bytes().replace(b"\r\n", b"\n")
        with_crlf = with_lf.replace(b"\n", b"\r\n")
        assert answer(with_lf) == answer(with_crlf), f"{source}/{case['id']}"
