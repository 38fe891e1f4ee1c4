"""A DNS server on a real socket, for the few names that a test makes up."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

SERVFAIL = "SERVFAIL"


class ZoneServer:
    """Answers from `records`: {(name, type): [values] or SERVFAIL}. Other names do not exist."""

    def __init__(self, records: dict[tuple[str, str], list[str] | str]) -> None:
        self.records = records
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                wire, client = self._socket.recvfrom(4096)
                self._socket.sendto(self._answer(wire), client)
            except OSError:
                return

    def _answer(self, wire: bytes) -> bytes:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True)
        record_type = question.rdtype.name
        self.asked.append((name, record_type))
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        found = self.records.get((name, record_type))
        if found == SERVFAIL:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            response.answer.append(
                dns.rrset.from_text_list(question.name, 60, "IN", record_type, found)
            )
        elif not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()

    def close(self) -> None:
        self._socket.close()
