"""From the last octet of DATA to the WebSocket frame, one message at a time.

python3 manage.py up                                  # in another terminal
.venv/bin/python -m bench.event_latency --count 300
"""

import json
import smtplib
import socket as socketlib
import time
from uuid import uuid4

from websockets.sync.client import ClientConnection, connect

from bench.running import arguments, client, demo, machine, mail, quantiles


def send_but_the_dot(smtp: smtplib.SMTP, sender: str, rcpt_to: str, raw: bytes) -> None:
    """All of a transaction up to the final CRLF.CRLF."""
    smtp.docmd("MAIL", f"FROM:<{sender}>")
    smtp.docmd("RCPT", f"TO:<{rcpt_to}>")
    smtp.docmd("DATA")
    smtp.send(raw.rstrip(b"\r\n") + b"\r\n")


def one(smtp: smtplib.SMTP, socket: ClientConnection, rcpt_to: str, size: int) -> float:
    """Seconds from the dot to the frame."""
    send_but_the_dot(
        smtp, "ann@example.net", rcpt_to, mail(uuid4().hex, rcpt_to=rcpt_to, size=size)
    )
    start = time.perf_counter()
    smtp.send(b".\r\n")
    while json.loads(socket.recv(timeout=10))["type"] != "event":
        continue
    told = time.perf_counter() - start
    code, words = smtp.getreply()
    if code != 250:
        raise SystemExit(f"Refused: {code} {words!r}")
    return told


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--size", type=int, default=10_000)
    asked = parser.parse_args()
    found = demo(asked.state)
    url = found["web"].replace("http", "ws", 1) + "/v1/ws"
    headers = {"X-API-Key": found["inbox"]["apiKey"]}
    rcpt_to = found["inbox"]["email"]
    with connect(url, additional_headers=headers) as socket, client(found) as smtp:
        smtp.ehlo()
        assert smtp.sock is not None
        # Without this the kernel holds the dot back until the text before it is acknowledged.
        smtp.sock.setsockopt(socketlib.IPPROTO_TCP, socketlib.TCP_NODELAY, 1)
        socket.send(json.dumps({"type": "subscribe", "event_types": ["message.received"]}))
        while json.loads(socket.recv())["type"] != "subscribed":
            continue
        for _ in range(20):  # warm-up
            one(smtp, socket, rcpt_to, asked.size)
        figures = []
        for _ in range(asked.count):
            figures.append(one(smtp, socket, rcpt_to, asked.size))
            time.sleep(0.02)
    print(machine())
    print("dot to frame:", quantiles(figures))


if __name__ == "__main__":
    main()
