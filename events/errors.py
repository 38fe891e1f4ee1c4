"""The refusals of every part. `mailagent.errors` holds the one table from code to HTTP status."""

from typing import Any


class MailAgentError(Exception):
    """A refusal that a caller can act on: a sentence, a constant `code`, and details."""

    code = "ERROR"

    def __init__(self, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.details = details


class Invalid(MailAgentError):
    """A value that cannot be taken. `details` maps each field to its sentences."""

    code = "VALIDATION_ERROR"

    @classmethod
    def field(cls, name: str, sentence: str) -> "Invalid":
        return cls(f"{name}: {sentence}", **{name: [sentence]})


class TooLarge(MailAgentError):
    """More octets than are taken."""

    code = "TOO_LARGE"


class Missing(MailAgentError):
    """There is no such thing, or none that this caller may know of: the same answer."""

    code = "NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("There is no such thing, or it is out of reach of this key.")


class Forbidden(MailAgentError):
    """The caller is known, and may not."""

    code = "FORBIDDEN"


class Conflict(MailAgentError):
    """The state of things does not allow it (any more)."""

    code = "CONFLICT"


class Unavailable(MailAgentError):
    """A service we need is away; nothing was done; try again later."""

    code = "UNAVAILABLE"
