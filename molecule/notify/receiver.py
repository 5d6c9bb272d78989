# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what apprise really sends: Slack's, Discord's and plain webhooks, and mail. Each message becomes a line of
JSON. While /run/receiver-away names one of them, that one refuses everything."""

import json
import socketserver
import ssl
import sys
import threading
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RECEIVED, AWAY = Path("/run/received.jsonl"), Path("/run/receiver-away")
LOCK = threading.Lock()


def is_away(who):
    return AWAY.exists() and who in AWAY.read_text().split()


def note(who, text):
    with LOCK, RECEIVED.open("a") as file:
        file.write(json.dumps({"to": who, "text": text}) + "\n")


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        host = self.headers["Host"].partition(":")[0]
        who = {"hooks.slack.com": "slack", "discord.com": "discord"}.get(host, "json")
        if not is_away(who):
            note(who, self.text(who, sent))
        self.send_response(503 if is_away(who) else 204 if who == "discord" else 200)
        said = b"ok" if who == "slack" and not is_away(who) else b""  # Slack's own answer, which apprise wants to see
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def text(self, who, sent):
        if who == "slack":
            return "\n".join(f"{part.get('title', '')}\n{part.get('text', '')}" for part in sent["attachments"])
        if who == "discord":
            parts = [f"{part.get('title', '')}\n{part.get('description', '')}" for part in sent.get("embeds", [])]
            return "\n".join([sent.get("content") or "", *parts])
        return f"{self.path}\n{sent['title']}\n{sent['message']}\n{sent['type']}"

    def log_message(self, *_arguments):
        pass


class Mail(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self):
        self.say("220 receiver")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "DATA":
                self.say("354 go on")
                self.take()
            elif word == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 receiver" if not is_away("mail") else "451 not now")

    def take(self):
        lines = []
        while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
            lines.append(line)
        sent = message_from_string("".join(lines), policy=policy.default)
        body = sent.get_body(("plain", "html"))
        note("mail", f"{sent['To']}\n{sent['Subject']}\n{body.get_content()}")
        self.say("250 taken")


def serve(server):
    threading.Thread(target=server.serve_forever).start()


tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[1])
https = ThreadingHTTPServer(("127.0.0.1", 443), Webhook)
https.socket = tls.wrap_socket(https.socket, server_side=True)
serve(https)
serve(ThreadingHTTPServer(("127.0.0.1", 8080), Webhook))
serve(socketserver.ThreadingTCPServer(("127.0.0.1", 2525), Mail))
