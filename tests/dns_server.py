"""A DNS server on real sockets, for the few names that a test makes up and changes under way."""

import socket
import struct
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

SERVFAIL = "SERVFAIL"
SILENCE = "SILENCE"  # no answer at all
MOST_OCTETS = 1232  # of an answer by UDP: what is longer is asked for again by TCP

Records = dict[tuple[str, str], list[str] | str]


class DnsServer:
    """Answers from `records`: {(name, type): [values], SERVFAIL or SILENCE}, also through CNAMEs.

    Other names do not exist. `fault` (SERVFAIL, SILENCE) answers everything, while it is set.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        self.fault = ""
        self.asked: list[tuple[str, str]] = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", port))
        self.address = f"127.0.0.1:{port}"
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def _serve_udp(self) -> None:
        while True:
            try:
                wire, client = self._udp.recvfrom(4096)
                response = self._answer(wire)
                if response is None:
                    continue
                octets = response.to_wire()
                if len(octets) > MOST_OCTETS:
                    response.answer.clear()
                    response.flags |= dns.flags.TC
                    octets = response.to_wire()
                self._udp.sendto(octets, client)
            except OSError:
                return

    def _serve_tcp(self) -> None:
        while True:
            try:
                client, _ = self._tcp.accept()
                with client:
                    (length,) = struct.unpack("!H", client.recv(2))
                    if response := self._answer(client.recv(length)):
                        octets = response.to_wire()
                        client.sendall(struct.pack("!H", len(octets)) + octets)
            except OSError:
                return

    def _answer(self, wire: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        record_type = question.rdtype.name
        self.asked.append((name, record_type))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        self._follow(response, name, record_type)
        return None if self._said(name, record_type) == SILENCE else response

    def _said(self, name: str, record_type: str) -> list[str] | str:
        return self.fault or self.records.get((name, record_type), [])

    def _follow(self, response: dns.message.Message, name: str, record_type: str) -> None:
        found = self._said(name, record_type)
        if found == SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif isinstance(found, list) and found:
            response.answer.append(
                dns.rrset.from_text_list(f"{name}.", 60, "IN", record_type, found)
            )
        elif alias := self.records.get((name, "CNAME")):
            response.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", "CNAME", alias))
            self._follow(response, alias[0].rstrip(".").lower(), record_type)
        elif not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)

    def close(self) -> None:
        self._udp.close()
        self._tcp.close()
