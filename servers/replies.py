"""What is said in several places: reply codes with enhanced codes (RFC 5321 §4.2, RFC 3463)."""

NOT_UNDERSTOOD = "500 5.5.2 Not understood"
TRY_AGAIN = "451 4.3.0 Something is wrong here; please try again later"
DATABASE_AWAY = "451 4.3.2 Not ready to take mail; please try again later"
NO_ROOM = "452 4.3.1 No room at present; please try again later"
TOO_LARGE = "552 5.3.4 The message is larger than we take"
OUT_OF_ORDER = "503 5.5.1 Not now: the order is EHLO, MAIL, RCPT, DATA"


class Hangup(Exception):
    """End the session with this reply."""
