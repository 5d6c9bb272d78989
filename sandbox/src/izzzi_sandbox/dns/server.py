# SPDX-License-Identifier: GPL-3.0-or-later
"""The account's name server and the droplets' resolver: what the account owns is answered from its state at this
moment, everything else is asked of the resolver of this machine."""

from __future__ import annotations

import logging
import socketserver
from pathlib import Path

from dnslib import PTR, QTYPE, RCODE, RR, A, DNSRecord
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer

from ..account.records import Domain, DomainRecord, Droplet
from ..account.state import State
from ..spaces import address
from . import zone

FORWARD_SECONDS = 3.0
log = logging.getLogger(__name__)


class Resolver(BaseResolver):
    def __init__(self, state: State, resolv_conf: Path = Path("/etc/resolv.conf"), port: int = 53) -> None:
        self._state = state
        self._resolv_conf = resolv_conf
        self._port = port
        self._spaces_address = ""  # where Spaces listens under its real names; empty: nowhere

    def spaces_is_at(self, address: str) -> None:
        self._spaces_address = address

    def resolve(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        name = str(request.q.qname).rstrip(".").lower()
        type = str(QTYPE.get(request.q.qtype, request.q.qtype))
        reply = request.reply(aa=1, ra=1)
        host = self._droplet_at(name) if type == "PTR" else None
        if host:
            reply.add_answer(RR(request.q.qname, QTYPE.PTR, rdata=PTR(host), ttl=60))
            return reply
        domain = zone.domain_of(name, (row.name for row in self._state.all(Domain)))
        if domain is None and self._spaces_address and f".{name}".endswith(f".{address.DOMAIN}"):
            return self._spaces(request, name, type, reply)
        if domain is None:
            return self._forward(request, handler)
        records = [record for record in self._state.all(DomainRecord) if record.domain == domain]
        found, exists, elsewhere = zone.answer(name, type, domain, records)
        reply.add_answer(*found)
        if elsewhere:
            self._follow(reply, elsewhere, type, handler)
        elif not found:
            reply.header.rcode = RCODE.NOERROR if exists else RCODE.NXDOMAIN
            reply.add_auth(zone.soa(domain, records))
        return reply

    def _spaces(self, request: DNSRecord, name: str, type: str, reply: DNSRecord) -> DNSRecord:
        if not address.is_name(name):
            reply.header.rcode = RCODE.NXDOMAIN
        elif type in ("A", zone.ANY):
            reply.add_answer(RR(request.q.qname, QTYPE.A, rdata=A(self._spaces_address), ttl=60))
        return reply

    def _droplet_at(self, name: str) -> str | None:
        """DigitalOcean makes a PTR record of a droplet whose name is a full one."""
        if not name.endswith(".in-addr.arpa"):
            return None
        address = ".".join(reversed(name.removesuffix(".in-addr.arpa").split(".")))
        names = [row.name for row in self._state.all(Droplet) if row.public_ip == address]
        return next((name for name in names if "." in name), None)

    def _follow(self, reply: DNSRecord, name: str, type: str, handler: DNSHandler) -> None:
        """The rest of an alias that leaves the domain, as a resolver would give it."""
        rest = self.resolve(DNSRecord.question(name, type), handler)
        reply.add_answer(*rest.rr)
        reply.header.aa = 0

    def _forward(self, request: DNSRecord, handler: DNSHandler) -> DNSRecord:
        for server in self._upstream():
            try:
                answer = request.send(server, self._port, tcp=handler.protocol == "tcp", timeout=FORWARD_SECONDS)
                return DNSRecord.parse(answer)
            except (OSError, ValueError) as error:
                log.info("%s does not resolve %s: %s", server, request.q.qname, error)
        failed = request.reply(ra=1, aa=0)
        failed.header.rcode = RCODE.SERVFAIL
        return failed

    def _upstream(self) -> list[str]:
        """Read each time: the machine may have moved to another network."""
        try:
            lines = self._resolv_conf.read_text().splitlines()
        except OSError:
            return []
        return [line.split()[1] for line in lines if line.startswith("nameserver") and len(line.split()) > 1]


class _Handler(DNSHandler):
    udplen = 1232  # what passes everywhere in one packet; a longer answer is asked for again over TCP


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    allow_reuse_address = False  # for UDP it would let two servers share the port, each with half of the questions


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class NameServer:
    """Listens at any number of addresses, over UDP and TCP."""

    def __init__(self, state: State) -> None:
        self._resolver = Resolver(state)
        self._waiting: list[DNSServer] = []
        self.addresses: list[str] = []  # that are served or about to be

    def listen(self, host: str, port: int) -> None:
        """OSError when the address cannot be had."""
        quiet = DNSLogger("-request,-reply,-truncated", logf=log.info)
        for kind in (_Udp, _Tcp):
            self._waiting.append(
                DNSServer(self._resolver, host, port, kind is _Tcp, logger=quiet, handler=_Handler, server=kind)
            )
        self.addresses.append(f"{host}:{port}")

    def spaces_is_at(self, address: str) -> None:
        self._resolver.spaces_is_at(address)

    def serve(self) -> None:
        for server in self._waiting:
            server.start_thread()
        self._waiting.clear()
