"""What the templates ask about the pictures of a mail."""

from django import template

from inboxes.sanitiser import refers_to_remote

register = template.Library()

_READ = 500_000  # letters of a body that are looked at


@register.filter
def has_remote(html: str) -> bool:
    """Whether there is anything to fetch."""
    return refers_to_remote(html[:_READ])
