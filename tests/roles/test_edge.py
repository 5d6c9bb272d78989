# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles nginx and swarm_stack give nginx the same site, out of variables that refer to others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLES = Path(__file__).resolve().parents[2] / "roles"
SITES = """
shop:
  server_names: ["{{ name }}", "www.{{ name }}"]
  tls: {source: files, certificate: "{{ certificate }}", key: KEY}
  basic_auth: ["{{ user }}"]
  locations:
    - {path: /, service: web, read_timeout: "{{ seconds }}s"}
"""
GIVEN = {"name": "shop.example", "certificate": "CERTIFICATE", "user": "ops", "seconds": 7}


def trusted(value: Any) -> Any:
    if isinstance(value, str):
        return trust_as_template(value)
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    return [trusted(item) for item in value] if isinstance(value, list) else value


def evaluate(role: str, name: str, **given: Any) -> Any:
    read = [yaml.safe_load((ROLES / role / part / "main.yml").read_text()) for part in ("defaults", "vars")]
    return Templar(loader=DataLoader(), variables=trusted({**read[0], **read[1], **GIVEN, **given})).template(
        trust_as_template(f"{{{{ {name} }}}}")
    )


def nginx(name: str) -> Any:
    given = {"nginx_sites": yaml.safe_load(SITES), "nginx_passwords": {"ops": "hunter22"}, "inventory_hostname": "one"}
    return evaluate("nginx", name, __nginx_host={"RELEASE": "debian-13"}, **given)


def swarm(name: str, **given: Any) -> Any:
    app = {"services": {"web": {"port": 3000}}, "data_services": {}}
    known = {"swarm_stack_project": "shop", "swarm_stack_edge_passwords": {"ops": "hunter22"}, "__swarm_stack_app": app}
    return evaluate("swarm_stack", name, **{"swarm_stack_edge_sites": yaml.safe_load(SITES), **known, **given})


@pytest.mark.parametrize("directive", ["server_name shop.example www.shop.example;", "proxy_read_timeout 7s;"])
def test_variables_of_a_site_are_filled_in(directive):
    files = {file["path"]: file["content"] for file in nginx("__nginx_written_sites")}
    assert directive in files["/etc/nginx/sites-available/shop"]
    assert directive in swarm("__swarm_stack_edge_configs")["edge_nginx.conf"]


def test_a_host_has_the_files_of_secrets_that_its_sites_name():
    assert [file["path"] for file in nginx("__nginx_secrets")] == [
        "/etc/nginx/izzzi-users/shop",
        "/etc/nginx/tls/shop.pem",
    ]


def test_a_swarms_service_has_the_files_that_it_mounts():
    edge = swarm("__swarm_stack_edge")["edge"]
    secrets = swarm("__swarm_stack_edge_secrets")
    assert edge["secrets"] == list(secrets) == ["edge_users_shop", "edge_shop.pem"]
    assert secrets["edge_shop.pem"] == "KEY\nCERTIFICATE\n"
    assert edge["ports"] == ["80:80", "443:443"]
    assert {config["source"] for config in edge["configs"]} == set(swarm("__swarm_stack_edge_configs"))
    assert {"source": "edge_unavailable.html", "target": "/var/www/izzzi-pages/unavailable.html"} in edge["configs"]


def test_a_swarm_is_proven_by_its_first_site():
    options = swarm("__swarm_stack_options")
    assert [options[f"edge_{key}"] for key in ("port", "scheme", "host")] == [443, "https", "shop.example"]
    options = swarm("__swarm_stack_options", swarm_stack_edge_sites={"shop": {"listen": 8080, "locations": []}})
    assert [options[f"edge_{key}"] for key in ("port", "scheme", "host")] == [8080, "http", ""]
    assert swarm("__swarm_stack_options", swarm_stack_edge_enabled=False)["edge_port"] == 0


def test_nginx_judges_a_swarms_configuration_without_what_a_deploy_fills_in():
    text = swarm("__swarm_stack_edge_trial")
    assert "ssl_certificate" not in text
    assert "listen 443 default_server;" not in text
    assert "listen 443;" in text


def test_a_swarms_edge_waits_for_certificates_that_come_by_themselves():
    site = {"server_names": ["a.org"], "tls": {"source": "acme"}, "locations": [{"path": "/", "service": "web"}]}
    given = {"swarm_stack_edge_sites": {"shop": site}, "swarm_stack_acme_email": "ops@a.org"}
    edge = swarm("__swarm_stack_edge", **given)["edge"]
    assert edge["entrypoint"] == ["sh", "/etc/nginx/izzzi-watch.sh", "shop"]
    assert edge["healthcheck"]["start_period"] == "30s"
    assert edge["secrets"] == []
    assert {"source": "edge_izzzi-watch.sh", "target": "/etc/nginx/izzzi-watch.sh"} in edge["configs"]
    assert swarm("__swarm_stack_certificate_host", **given)["packages"] == ["openssl", "lego"]
    plain = swarm("__swarm_stack_edge")["edge"]
    assert plain["entrypoint"] == ["nginx", "-g", "daemon off;"]
    assert "start_period" not in plain["healthcheck"]
    assert swarm("__swarm_stack_edge_carried") == []
