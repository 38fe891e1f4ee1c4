"""Two bodies, one source: the text and the HTML of a mail say the same."""

import re
from html import escape

from drafts.content import Given
from inboxes.html_text import text_from_html
from inboxes.text_html import html_from_text

_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def bodies(given: Given) -> tuple[str, str, bool]:
    """Text, HTML, and whether the HTML was made from the text. The one that is missing is derived
    from the other; when both are given both stand."""
    plain_body = _unix(given.get("plain_body") or "")
    html_body = _unix(given.get("html_body") or "")
    if html_body.strip():
        return plain_body if plain_body.strip() else text_from_html(html_body), html_body, False
    return plain_body, html_from_text(plain_body) if plain_body.strip() else "", True


def signed(plain_body: str, html_body: str, signature: str) -> tuple[str, str]:
    """Both bodies with the inbox's signature under them (`-- `, RFC 3676 §4.3)."""
    signature = _unix(signature).strip()
    if not signature:
        return plain_body, html_body
    text = f"{plain_body.rstrip()}\n\n-- \n{signature}\n"
    if not html_body.strip():
        return text, html_body
    lines = "<br>\n".join(escape(line) for line in signature.split("\n"))
    block = f'<div class="signature"><br>\n-- <br>\n{lines}</div>\n'
    ends = list(_BODY_END.finditer(html_body))
    if not ends:
        return text, f"{html_body.rstrip()}\n{block}"
    at = ends[-1].start()
    return text, f"{html_body[:at]}{block}{html_body[at:]}"
