# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against a real server on loopback. What it decides is tested without one in test__health.py."""

from __future__ import annotations

import datetime
import json
import re
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.izzzi.infra.plugins.modules.http_health import main
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class App(BaseHTTPRequestHandler):
    """/flaky is healthy from the third request on; /echo returns what it was asked."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path == "/flaky":
            healthy = len(self.server.asked) > 2
            self.reply(200 if healthy else 503, {"status": "ok" if healthy else "starting", "token": "hunter22"})
        elif self.path == "/moved":
            self.reply(302, {}, Location="/echo")
        elif self.path == "/slow":
            time.sleep(0.5)
            self.reply(200, {})
        else:
            self.reply(200, {"method": self.command, "headers": dict(self.headers)})

    do_HEAD = do_GET

    def reply(self, status: int, document: dict, **headers: str) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_arguments):
        pass


def serve(context: ssl.SSLContext | None = None):
    server = ThreadingHTTPServer(("127.0.0.1", 0), App)
    server.asked = []
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def app():
    yield from serve()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for app.example.com."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("app.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "app.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls_app(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield from serve(context)


@pytest.fixture
def health(run_module):
    """Runs the module with short times."""
    return lambda *, check=False, **arguments: run_module(
        main, {"interval": 0.01, "timeout": 2, "request_timeout": 1, **arguments}, check=check
    )


def address(server) -> str:
    return f"127.0.0.1:{server.server_port}"


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_it_waits_until_the_endpoint_is_healthy(app, health):
    result = health(url=f"http://{address(app)}/flaky", json={"status": "ok"}, successes=2)
    assert {k: result[k] for k in ("changed", "healthy", "status", "reason", "tries", "unmet", "error")} == {
        "changed": False,
        "healthy": True,
        "status": 200,
        "reason": "OK",
        "tries": 4,
        "unmet": "",
        "error": "",
    }


def test_a_failure_says_what_it_saw_last_without_secrets(app, health):
    url = f"http://{address(app)}/flaky"
    result = health(url=url, json={"status": "green"}, timeout=1)
    assert result["failed"] is True
    assert result["msg"].startswith(
        f'{url} does not answer as asked: status is "ok", not "green". Last seen: 200 OK, body: '
    )
    assert re.search(r"Gave up after \d+ tries in \d\.\d s", result["msg"])
    assert "hunter22" not in repr(result)


def test_a_server_that_is_not_there_is_a_failure_with_its_reason(health):
    result = health(url=f"http://127.0.0.1:{closed_port()}/", timeout=0.05)
    assert "Last seen: Connection refused. Gave up after" in result["msg"]


def test_a_slow_answer_is_a_failure(app, health):
    result = health(url=f"http://{address(app)}/slow", request_timeout=0.1, timeout=0.1)
    assert "no answer within 0.1 s" in result["msg"]


def test_a_redirect_is_an_answer_of_its_own(app, health):
    assert health(url=f"http://{address(app)}/moved", status=[302])["healthy"] is True
    assert app.asked == ["/moved"]


def test_check_mode_asks_once_and_never_fails(app, health):
    seen = health(url=f"http://{address(app)}/flaky", check=True)
    assert (seen["healthy"], seen["status"], seen["tries"]) == (False, 503, 1)
    assert app.asked == ["/flaky"]
    missing = health(url=f"http://127.0.0.1:{closed_port()}/", check=True, ca_path="/nowhere")
    assert (missing.get("failed", False), missing["error"]) == (False, "Connection refused")


def test_headers_are_sent_and_credentials_masked(app, health):
    headers = {"Authorization": "Bearer hunter22hunter22", "Accept": "application/json"}
    result = health(
        url=f"http://{address(app)}/echo",
        headers=headers,
        json={"headers.Authorization": headers["Authorization"], "headers.Accept": "application/json"},
    )
    assert result["healthy"] is True
    assert "hunter22" not in repr(result)
    if "invocation" in result:  # ansible-core 2.21 returns it only where somebody asks for it
        assert result["invocation"]["module_args"]["headers"]["Accept"] == "application/json"


def test_head_has_a_status_and_no_body(app, health):
    result = health(url=f"http://{address(app)}/echo", method="HEAD")
    assert (result["healthy"], result["body"]) == (True, "")


def test_connect_to_asks_another_address_for_the_same_host(app, health):
    result = health(
        url="http://app.example.com/echo", connect_to=address(app), json={"headers.Host": "app.example.com"}
    )
    assert result["healthy"] is True


def test_the_certificate_is_checked_for_the_host_of_the_url(tls_app, certificate, health):
    patient = {"connect_to": address(tls_app), "timeout": 30}
    arguments = {**patient, "timeout": 0.5}
    trusted = {"ca_path": str(certificate)}
    assert health(url="https://app.example.com/", **patient, **trusted)["healthy"] is True
    assert "certificate is not trusted" in health(url="https://app.example.com/", **arguments)["msg"]
    assert "certificate is not trusted" in health(url="https://other.example.com/", **arguments, **trusted)["msg"]
    assert health(url="https://other.example.com/", **patient, validate_certs=False)["healthy"] is True


def test_a_proxy_of_the_environment_is_not_used(app, health, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")
    assert health(url=f"http://{address(app)}/echo")["healthy"] is True


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"url": "example.com"}, "is not an http:// or https:// URL"),
        ({"url": "http://example.com", "connect_to": "x"}, "connect_to: 'x' is not host:port"),
        ({"url": "http://example.com", "successes": 0}, "successes: 0 is not greater than 0"),
        ({"url": "http://example.com", "body_matches": "("}, "body_matches: '(' is not a regular expression"),
    ],
)
def test_wrong_arguments_fail_at_once_even_in_check_mode(health, arguments, message, check):
    assert message in health(check=check, **arguments)["msg"]


def test_a_missing_authority_file_fails_at_once(health):
    assert "ca_path: /nowhere is not a file" in health(url="https://example.com", ca_path="/nowhere")["msg"]


def test_expressions_of_jmespath_are_waited_for(run_module, app):
    url = f"http://127.0.0.1:{app.server_port}/flaky"
    result = run_module(main, {"url": url, "status": [200, 503], "jmespath": ["status == 'ok'"], "interval": 0.01})
    assert (result["healthy"], result["tries"]) == (True, 3)


def test_an_expression_that_stays_false_is_named_with_what_it_found(run_module, app):
    url = f"http://127.0.0.1:{app.server_port}/echo"
    result = run_module(main, {"url": url, "jmespath": ["method", "nodes[?ready]"], "timeout": 0.05, "interval": 0.01})
    assert result["unmet"] == "nodes[?ready] is null"


def test_an_expression_that_is_none_is_refused_before_anybody_is_asked(run_module, app):
    url = f"http://127.0.0.1:{app.server_port}/echo"
    result = run_module(main, {"url": url, "jmespath": ["nodes["]})
    assert "jmespath is 'nodes[', which is no JMESPath expression: it breaks off at its end" in result["msg"]
    assert app.asked == []
