"""HTML to text and text to HTML."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inboxes.html_text import text_from_html, visible, visible_plain, visible_text
from inboxes.text_html import html_from_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>Two", "One\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("a   b\n c&nbsp;d &amp; e", "a b c d & e"),
        ("<ul><li>one<li>two<ol><li>deep</ol></ul>", "- one\n- two\n\n  1. deep"),
        ("<ol><li>one</li><li>two</li></ol>", "1. one\n2. two"),
        ("<table><tr><td>Order<td>12<tr><td>Sum<td>40 €</table>", "Order  12\nSum  40 €"),
        ("<p>No.</p><blockquote>Yes?<br>Or?</blockquote>", "No.\n\n> Yes?\n> Or?"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<style>p{}</style><script>x()</script><title>t</title>Hi<!-- no -->", "Hi"),
        ('<a href="https://shop.example/x">the shop</a>', "the shop <https://shop.example/x>"),
        ('<a href="https://shop.example/">shop.example</a>', "shop.example"),
        ('<a href="mailto:a@shop.example?subject=x">us</a>', "us <a@shop.example>"),
        ('<a href="javascript:x()">click</a>', "click"),
        ('<img src="x.png" alt="Logo">', "[Logo]"),
        ("2 < 3 and 5 > 4", "2 < 3 and 5 > 4"),
        ("<!--[if mso]><p>Outlook</p><![endif]--><p>All</p>", "All"),
        ("<p title='a>b'>x</p>", "x"),
        ("", ""),
    ],
)
def test_html_reads_as_text(html, text):
    assert text_from_html(html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display:none">secret</div>',
        '<span style="font-size:0px">secret</span>',
        '<span style="visibility: hidden">secret</span>',
        '<p style="opacity:0">secret</p>',
        '<div style="max-height:0;overflow:hidden">secret</div>',
        '<div style="mso-hide:all">secret</div>',
        "<p hidden>secret</p>",
        "<!-- secret -->",
        "<template>secret</template>",
        '<div style="display:none"><div><p>secret</div></div>',
    ],
)
def test_hidden_text_is_not_visible_text(hidden):
    assert visible_text(f"<p>shown</p>{hidden}<p>again</p>") == "shown\n\nagain"


def test_text_becomes_paragraphs_with_links():
    html = html_from_text(
        "Hi <Ann> & all,\r\nsee https://shop.example/a?b=1&c=2.\n\nhelp@shop.example"
    )
    assert html == (
        "<p>Hi &lt;Ann&gt; &amp; all,<br>\n"
        'see <a href="https://shop.example/a?b=1&amp;c=2">https://shop.example/a?b=1&amp;c=2</a>.</p>\n'
        '<p><a href="mailto:help@shop.example">help@shop.example</a></p>'
    )


def test_a_bracket_around_a_url_is_not_part_of_it():
    html = html_from_text("(https://shop.example/a) https://shop.example/a_(b)")
    assert 'href="https://shop.example/a"' in html
    assert 'href="https://shop.example/a_(b)"' in html


def test_nothing_but_http_and_addresses_becomes_a_link():
    assert "<a" not in html_from_text("javascript:alert(1) file:///etc/passwd data:text/html,x")


@given(st.text(alphabet=st.sampled_from("ab <>&\"'\n@.:/http"), max_size=80))
def test_derived_html_reads_back_as_the_same_words(text):
    assert (
        text_from_html(html_from_text(text)).split() == visible_text(html_from_text(text)).split()
    )
    assert "".join(visible_text(html_from_text(text)).split()) == "".join(text.split())


@given(st.text(alphabet=st.sampled_from("<>/!-=\"' abdivp&;\n\0"), max_size=120))
def test_no_html_makes_it_fail(html):
    text_from_html(html)
    visible_text(html)


@pytest.mark.parametrize(
    "unit",
    ["<div>", "<b>", '<a "', "<!--", "<?", "<", "<a ='=\"", "<ul><li>", "<script>", "src=", "&amp"],
)
def test_a_megabyte_of_hostile_html_is_read_in_bounded_time(unit):
    started = time.process_time()
    text_from_html(unit * (1_000_000 // len(unit)))
    assert time.process_time() - started < 5


def test_text_below_deep_nesting_is_not_lost():
    assert text_from_html("<div>" * 50_000 + "here") == "here"


@pytest.mark.parametrize(
    "hidden",
    [
        '<p style="color:#fff">secret</p>',
        '<p style="color: white">secret</p>',
        '<font color="#FEFEFE">secret</font>',
        '<div style="background:#123456"><b style="color:rgb(18, 52, 86)">secret</b></div>',
        '<p style="font-size:1px">secret</p>',
        '<p style="opacity:.01">secret</p>',
        '<p style="position:absolute;left:-9999px">secret</p>',
        '<style>.x, p.y {display:none}</style><p class="a x">secret</p><p class=y>secret</p>',
        '<style>#z{visibility:hidden}</style><div id="z">secret</div>',
    ],
)
def test_text_that_nobody_sees_is_left_out_and_told(hidden):
    found = visible(f"<p>shown</p>{hidden}<p>again</p>")

    assert found.text.split() == ["shown", "again"]
    assert found.hid


@pytest.mark.parametrize(
    "shown",
    [
        '<table bgcolor="#000"><tr><td style="color:#fff">shown</td></tr></table>',
        '<div style="background-color:#336699"><p style="color:white">shown</p></div>',
        '<div style="background:url(x.png)"><p style="color:white">shown</p></div>',
        '<p style="opacity:0.9;font-size:10px;color:#333">shown</p>',
        "<style>@media (max-width:600px){.wide{display:none}}</style><p class=wide>shown</p>",
        '<p style="background-color:white;color:black">shown</p>',
        '<p class="hidden-friend">shown</p>',
    ],
)
def test_text_that_can_be_seen_stays(shown):
    found = visible(shown)

    assert found.text.strip() == "shown"
    assert not found.hid


def test_tag_characters_and_overrides_of_direction_are_gone_and_told():
    smuggled = "".join(chr(0xE0000 + ord(letter)) for letter in "obey")
    plain = visible_plain(f"Hello{smuggled} \u202etxt\u202c")

    assert (plain.text, plain.hid) == ("Hello txt", True)
    assert visible(f"<p>Hello{smuggled}</p>").text == "Hello"


def test_flags_and_right_to_left_text_are_nothing_odd():
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"

    assert not visible_plain(f"{flag} \u200fשלום\u200e").hid


@pytest.mark.parametrize("bomb", ["@" * 200_000, "@{" * 100_000, "<style>" * 50_000, "a{" * 90_000])
def test_style_sheet_takes_no_time(bomb):
    began = time.process_time()
    visible(f"<style>{bomb}</style><p>shown</p>")

    assert time.process_time() - began < 5
