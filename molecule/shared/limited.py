# SPDX-License-Identifier: GPL-3.0-or-later
"""An ACME authority that answers everything with 429, in the words of Let's Encrypt: pebble cannot."""

import http.server
import json
import ssl

PROBLEM = {
    "type": "urn:ietf:params:acme:error:rateLimited",
    "detail": "too many certificates already issued",
    "status": 429,
}


class Limited(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(PROBLEM).encode()
        self.send_response(429)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.HTTPServer(("127.0.0.1", 14000), Limited)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/run/pebble/cert.pem", "/run/pebble/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
