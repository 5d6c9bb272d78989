# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network and the API can do to a run, over real sockets."""

from __future__ import annotations

import time

import pytest

from tests.cloud.module_process import spawn

from .conftest import Run, Sandbox, declaration, start, stop
from .gateway import Fault, gateway


def test_a_refused_token_is_named_and_not_shown(sandbox: Sandbox, declared, run: Run):
    refused = run({**declared, "api_token": "dop_v1_wrong"})
    assert refused["failed"]
    for word in ("401", "token", "provision_api_token", "DIGITALOCEAN_TOKEN", sandbox.url):
        assert word in refused["msg"]


@pytest.mark.parametrize("token", ["", "  ", "two words", "ü"])
def test_a_token_that_is_none_is_refused_without_asking(declared, token):
    result = spawn({**declared, "api_token": token}, DIGITALOCEAN_TOKEN="", DIGITALOCEAN_ACCESS_TOKEN="").result()
    assert result["failed"]
    assert "provision_api_token" in result["msg"]


def test_a_closed_port_is_named_with_the_cure(declared, run: Run):
    started = time.monotonic()
    refused = run({**declared, "api_url": "http://127.0.0.1:9"})
    assert refused["failed"]
    assert "http://127.0.0.1:9" in refused["msg"]
    assert "make sandbox-up" in refused["msg"]
    assert time.monotonic() - started < 20  # a retry would wait longer


@pytest.mark.parametrize("url", ["http://api.example.com", "api.example.com", "ftp://127.0.0.1"])
def test_a_url_that_would_not_do_is_refused_without_asking(declared, run: Run, url):
    refused = run({**declared, "api_url": url})
    assert refused["failed"]
    assert "api_url" in refused["msg"]


def test_reads_survive_a_server_that_stumbles(sandbox: Sandbox, declared, run: Run):
    faults = [Fault("GET", "/droplets", times=2, status=502), Fault("GET", "/vpcs", lose_reply=True)]
    with gateway(sandbox.url, *faults) as server:
        result = run({**declared, "api_url": server.url})
        assert "failed" not in result, result
        assert result["api_calls"] == len(server.asked), "every request is counted"
    assert len(sandbox.all("droplets")) == 1


def test_a_server_that_stays_broken_is_told_in_bounded_time(sandbox: Sandbox, declared, run: Run):
    with gateway(sandbox.url, Fault("GET", "/tags", times=99, status=503)) as server:
        result = run({**declared, "api_url": server.url})
        assert result["failed"]
        assert "GET" in result["msg"]
        assert "/v2/tags" in result["msg"]
        assert "503: injected" in result["msg"]
        assert server.count("GET", "/tags") == 5
    assert sandbox.all("vpcs") == []


def test_a_rate_limit_is_waited_for_by_reads_and_writes(sandbox: Sandbox, declared, run: Run):
    limit = {"status": 429, "headers": {"Retry-After": "1"}}
    faults = [
        Fault("GET", "/firewalls", **limit),
        Fault("POST", "/firewalls", **limit),
        Fault("POST", "/droplets", **limit),
    ]
    with gateway(sandbox.url, *faults) as server:
        result = run({**declared, "api_url": server.url})
        assert "failed" not in result, result
        assert server.count("POST", "/droplets") == 2
    assert len(sandbox.all("droplets")) == 1


def test_a_rate_limit_that_lasts_is_an_error_at_once(sandbox: Sandbox, declared, run: Run):
    reset = {"ratelimit-reset": str(int(time.time()) + 1800)}
    with gateway(sandbox.url, Fault("GET", "/vpcs", times=9, status=429, headers=reset)) as server:
        started = time.monotonic()
        result = run({**declared, "api_url": server.url})
    assert result["failed"]
    assert "limit" in result["msg"]
    assert time.monotonic() - started < 20  # the limit lasts half an hour


@pytest.mark.parametrize("noun", ["vpcs", "account/keys", "tags", "firewalls", "droplets"])
def test_a_lost_reply_to_a_create_makes_nothing_twice(sandbox: Sandbox, declared, run: Run, noun):
    """The request arrived and was carried out; only the answer did not come back."""
    with gateway(sandbox.url, Fault("POST", f"/{noun}", lose_reply=True)) as server:
        result = run({**declared, "api_url": server.url})
        assert "failed" not in result, result
    assert {kind: len(rows) for kind, rows in sandbox.account().items()} == {
        "vpcs": 1,
        "account/keys": 1,
        "tags": 2,
        "firewalls": 2,
        "droplets": 1,
    }
    assert not run(declared)["changed"]


def test_a_create_that_fails_is_not_sent_again_and_the_next_run_goes_on(sandbox: Sandbox, declared, run: Run):
    with gateway(sandbox.url, Fault("POST", "/droplets", status=500)) as server:
        result = run({**declared, "api_url": server.url})
        assert result["failed"]
        assert "500: injected" in result["msg"]
        assert server.count("POST", "/droplets") == 1
    assert sandbox.all("droplets") == []
    again = run(declared)
    assert {step["kind"] for step in again["plan"] if step["action"] == "create"} == {"droplet"}


def test_a_slow_server_is_asked_again_and_then_given_up(sandbox: Sandbox, declared, run: Run):
    with gateway(sandbox.url, Fault("GET", "/droplets", pause=1.6)) as server:
        result = run({**declared, "api_url": server.url, "timeout": 1}, check=True)
        assert "failed" not in result, result
    with gateway(sandbox.url, Fault("GET", "/droplets", times=99, pause=1.3)) as server:
        result = run({**declared, "api_url": server.url, "timeout": 1}, check=True)
        assert result["failed"]
        assert "no answer in time" in result["msg"]
        assert server.url in result["msg"]


@pytest.mark.parametrize("body", [b"<html>a captive portal</html>", b"[]", b'{"hello": "world"}', b"\xff\xfe"])
def test_a_server_that_is_not_the_api_is_said_to_be_none(sandbox: Sandbox, declared, run: Run, body):
    with gateway(sandbox.url, Fault("GET", "/", times=99, status=200, body=body)) as server:
        result = run({**declared, "api_url": server.url})
    assert result["failed"]
    assert "not DigitalOcean's API" in result["msg"]


def test_the_token_follows_no_redirect(sandbox: Sandbox, declared, run: Run):
    with gateway(sandbox.url) as elsewhere:
        moved = Fault("GET", "/", times=99, status=302, headers={"Location": f"{elsewhere.url}/v2/vpcs"})
        with gateway(sandbox.url, moved) as server:
            result = run({**declared, "api_url": server.url})
        assert result["failed"]
        assert "answered 302" in result["msg"]
        assert elsewhere.asked == []


def test_an_error_that_repeats_the_token_does_not_show_it(sandbox: Sandbox, declared, run: Run):
    body = b'{"id": "bad", "message": "bad header: Bearer ' + sandbox.token.encode() + b'"}'
    with gateway(sandbox.url, Fault("GET", "/vpcs", times=9, status=400, body=body)) as server:
        assert run({**declared, "api_url": server.url})["failed"]  # run() looks for the token


def test_a_token_that_may_only_read_is_told(sandbox: Sandbox, declared, run: Run):
    body = b'{"id": "forbidden", "message": "You do not have access for the attempted action."}'
    with gateway(sandbox.url, Fault("POST", "/vpcs", status=403, body=body)) as server:
        result = run({**declared, "api_url": server.url})
    assert "refuses it (403): You do not have access" in result["msg"]
    assert "scope" in result["msg"]


def test_a_vpc_that_still_counts_a_deleted_member_is_asked_again(sandbox: Sandbox, declared, run: Run):
    sandbox.api("POST", "/v2/vpcs", {"name": "default-fra1", "region": "fra1", "ip_range": "10.99.0.0/16"})
    run(declared)
    lag = Fault("DELETE", "/vpcs", status=409, body=b'{"id": "conflict", "message": "Can not delete VPC with members"}')
    with gateway(sandbox.url, lag) as server:
        assert "failed" not in run({**declared, "api_url": server.url, "state": "absent"})
    assert [v["name"] for v in sandbox.all("vpcs")] == ["default-fra1"]


def test_a_proxy_of_the_environment_is_not_for_this_machine(declared, run: Run):
    dead = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    assert "failed" not in run(declared, check=True, **dead)


def test_tls_is_checked_against_the_given_authority(sandbox: Sandbox, declared, run: Run):
    declared["api_url"] = f"https://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_TLS_PORT']}"
    assert "certificate is not trusted" in run(declared)["msg"]
    assert sandbox.all("vpcs") == []
    assert "failed" not in run({**declared, "ca_path": str(sandbox.home / "ca.pem")})
    assert "ca_path" in run({**declared, "ca_path": "/does/not/exist"})["msg"]


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """Droplets take longer than a busy machine to begin a run, so that one can be cut off while they boot."""
    sandbox = start(tmp_path_factory.mktemp("slow"), IZZZI_SANDBOX_MEMORY_DELAY="5")
    yield sandbox
    stop(sandbox)


def test_a_run_cut_off_while_droplets_boot_is_finished_by_the_next(slow: Sandbox, run: Run):
    declared = declaration(slow.url, slow.token)
    module = spawn(declared)
    deadline = time.monotonic() + 20
    while not slow.all("droplets"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    module.kill()
    (row,) = slow.all("droplets")
    assert row["status"] == "new"

    result = run(declared)
    (droplet,) = result["droplets"]
    assert droplet["id"] == row["id"]
    assert (droplet["status"], droplet["created"]) == ("active", True)
    assert droplet["public_ip"]
    assert droplet["private_ip"]
    assert not result["changed"], "the cut-off run had asked for all of it"

    grown = {**declared, "droplets": {"app": {**declared["droplets"]["app"], "count": 2}}, "wait_timeout": 1}
    late = run(grown)
    assert late["failed"]
    assert "Not active within 1 s: shop-staging-app-2" in late["msg"]
    assert "failed" not in run({**grown, "wait_timeout": 60})
