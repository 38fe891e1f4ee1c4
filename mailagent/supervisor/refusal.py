"""What cannot be done, said in a sentence that a newcomer can act on."""


class CannotStart(Exception):
    """mailagent cannot start. The text is shown as it stands, without a traceback."""


def last_lines(text: str, count: int = 8) -> str:
    """The end of a tool's output, indented, to stand below a sentence."""
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"    {line}" for line in lines[-count:])
