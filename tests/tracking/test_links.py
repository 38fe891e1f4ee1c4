"""Rewriting at its edges; the corpus of real mail is in tests/corpora."""

import pytest

from tracking.links import decoded, hrefs, location_of, rewrite, target_of, with_pixel

OURS = "https://t.example/c/x"


def rewritten(text: str) -> str:
    return rewrite(text, lambda target: OURS, own_hosts=frozenset(["t.example"]))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<A HREF='https://a.example/'>x</A>", f"<A HREF='{OURS}'>x</A>"),
        ("<a href=https://a.example/ >x</a>", f"<a href={OURS} >x</a>"),
        ('<a\nhref = "https://a.example/">', f'<a\nhref = "{OURS}">'),
        ('<area href="http://a.example">', f'<area href="{OURS}">'),
        ('<a title=">" href="http://a.example">', f'<a title=">" href="{OURS}">'),
        ('<a x=">" / href="ht\ntp://a.example">', f'<a x=">" / href="{OURS}">'),
    ],
)
def test_a_link_leads_elsewhere_however_it_is_written(before, after):
    assert rewritten(before) == after


@pytest.mark.parametrize(
    "text",
    [
        '<a href="mailto:ann@example.com">',
        '<a href="tel:+49301234">',
        '<a href="#top">',
        '<a href="cid:logo">',
        '<a href="{{ link }}">',
        '<a href="https://{{host}}/">',
        '<a href="https://user:pw@a.example/">',
        '<a href="javascript:alert(1)//http://a.example">',
        '<a href="https://a.example/newsletter/unsubscribe">',
        '<a href="https://t.example/c/already">',
        '<!--[if mso]><a href="https://a.example/"><![endif]-->',
        "<style>a:after{content:'<a href=\"https://a.example\">'}</style>",
        '<title><a href="https://a.example/"></title>',
        '<link href="https://a.example/"><img src="https://a.example/a.png">',
        '<a data-href="https://a.example/" name="href=https://a.example/">',
        '<a href="" href="https://a.example/">',
        '<a href="https://a.example/',
        '<a href="https://a.example/" title="never ends>x</a><a href=https://a.example>',
    ],
)
def test_everything_else_stays(text):
    assert rewritten(text) == text


def test_what_an_unhidden_conditional_comment_shows_is_rewritten():
    text = '<!--[if !mso]><!--><a href="{}">x</a><!--<![endif]-->'

    assert rewritten(text.format("https://a.example/")) == text.format(OURS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("?a&copy=1&lt4", "?a&copy=1&lt4"),
        ("&copy;&copy", "©©"),
        ("&#x41&#66;&nosuch;", "AB&nosuch;"),
    ],
)
def test_character_references_are_read_as_in_an_attribute(written, meant):
    assert decoded(written) == meant


def test_a_location_is_one_line_of_ascii_and_keeps_what_was_encoded():
    target = target_of(" https://bücher.example/a b?q=%2525\r\nX: y ")

    assert target is not None
    assert location_of(target) == "https://b%C3%BCcher.example/a%20b?q=%2525X:%20y"


def test_a_target_with_control_characters_is_none():
    assert target_of("https://a.exam\x00ple/") is None


def test_the_pixel_stands_at_the_end_of_the_body_that_a_browser_sees():
    text = "<body title='</body>'><!-- </body> -->Hello</body></html>"

    assert with_pixel(text, "https://t.example/o/x.gif").startswith(
        "<body title='</body>'><!-- </body> -->Hello<img src="
    )
    assert with_pixel("Hello", "https://t.example/?a&b").startswith("Hello<img src=")
    assert '"https://t.example/?a&amp;b"' in with_pixel("Hello", "https://t.example/?a&b")


@pytest.mark.parametrize(
    "piece", ["<a ", "<a href='", "<!--", "<style>", '<a "x', "<a href=&", "</"]
)
def test_hostile_repetition_costs_no_more_than_its_length(piece):
    text = piece * (1_000_000 // len(piece))

    assert len(list(hrefs(text))) <= 250_000
