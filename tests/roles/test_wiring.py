# SPDX-License-Identifier: GPL-3.0-or-later
"""inventories/wiring.yml: what an app declares reaches the inputs of either runner."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.izzzi.infra.plugins.module_utils._app.wiring import EDGE, MOVED, renamed
from ansible_collections.izzzi.infra.plugins.module_utils._app.wiring import wired as complete
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names, vault_variables

ROOT = Path(__file__).resolve().parents[2]
WIRING = yaml.safe_load((ROOT / "inventories/wiring.yml").read_text())
RUNNERS = {
    role: yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
        "options"
    ]
    for role in ("app_compose", "swarm_stack")
}
APP = {
    "app_data_services": {"postgres": {}, "redis": {}},
    "app_services": {"web": {"image": "web:1"}},
    "app_env": {"A": "1"},
    "app_secret_env": {"B": "2"},
    "app_site": {"locations": [{"path": "/", "service": "web"}]},
    "vault_app_postgres_password": "p",
    "vault_app_redis_password": "r",
    "provision_project": "shop",
}


def trusted(value: Any) -> Any:
    """As a loader marks what it reads."""
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def wired(name: str, **more: Any) -> Any:
    variables = trusted(complete(WIRING, RUNNERS)) | {"groups": {"managers": [], "workers": []}} | APP | more
    return Templar(loader=DataLoader(), variables=variables).template(variables[name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_compose_project", "shop"),
        ("app_compose_services", {"web": {"image": "web:1"}}),
        ("app_compose_database", {"service": "postgres", "name": "shop", "user": "shop"}),
        ("app_compose_database_password", "p"),
        ("app_compose_soak", 12),
        ("app_compose_directory", "/opt/shop"),
        ("swarm_stack_project", "shop"),
        ("swarm_stack_directory", "/opt/shop"),
        ("swarm_stack_trial_enabled", True),
        ("swarm_stack_message_prefix", "app_"),
        ("app_compose_volumes", {"postgres": {}, "redis": {}}),
        (
            "app_generated_secrets",
            {"vault_app_postgres_password": {}, "vault_app_redis_password": {}, "vault_operator_password": {}},
        ),
        ("swarm_stack_services", {"web": {"image": "web:1"}}),
        ("swarm_stack_env", {"A": "1", "DATABASE_USER": "shop"}),
        (
            "swarm_stack_secret_env",
            {
                "B": "2",
                "DATABASE_PASSWORD": "p",
                "DATABASE_OWNER_PASSWORD": "p",
                "REDIS_PASSWORD": "r",
                "REDIS_OWNER_PASSWORD": "r",
            },
        ),
        ("nginx_sites", {"shop": {"locations": [{"path": "/", "service": "web"}]}}),
        ("swarm_stack_edge_sites", {"shop": {"locations": [{"path": "/", "service": "web"}]}}),
    ],
)
def test_an_app_is_declared_once(name, value):
    assert wired(name) == value


def test_what_an_app_adds_stands_beside_what_its_presets_need():
    assert wired("app_compose_volumes", app_volumes={"uploads": {}}) == {"postgres": {}, "redis": {}, "uploads": {}}
    assert "jwt" in wired("app_generated_secrets", app_secrets={"jwt": {"length": 64}})
    assert wired("app_compose_soak", app_soak=3) == 3
    assert wired("swarm_stack_logs_lines", lines=5) == wired("app_compose_logs_lines", lines=5) == 5
    assert wired("app_compose_database", app_database={"service": "db", "name": "a", "user": "b"})["service"] == "db"


def test_host_keys_of_the_inventory_are_the_only_ones(tmp_path):
    more = {"inventory_dir": str(tmp_path), "provision_environment": "production"}
    learned = wired("ansible_ssh_common_args", **more)
    assert "UserKnownHostsFile=~/.ssh/shop-production.known_hosts" in learned
    assert "StrictHostKeyChecking=accept-new" in learned
    (tmp_path / "known_hosts.txt").touch()
    pinned = wired("ansible_ssh_common_args", **more)
    assert f"UserKnownHostsFile={tmp_path}/known_hosts.txt" in pinned
    assert "StrictHostKeyChecking=yes" in pinned
    own = wired("ansible_ssh_common_args", **more, provision_known_hosts="/own")
    assert "UserKnownHostsFile=/own" in own
    assert "StrictHostKeyChecking=accept-new" in own


HEARD = {"provision_alert_emails": ["ops@shop.test"], "provision_domain": {"name": "shop.test"}}


class Hosts(dict):
    """Variables of hosts, each as that host's own context gives them."""

    def __getitem__(self, name: str) -> Any:
        own = {"app_project": name, "stands_for_app": True, "inventory_hostname": name, **super().__getitem__(name)}
        return {variable: wired(variable, **own) for variable in SEEN}


SEEN = ["app_project", "app_site", "app_edge_passwords", "app_complete", "app_compose_data_services", "app_place"]
SEEN += ["app_uptime_check"]


def of_several(name: str, **more: Any) -> Any:
    apps = {
        "blog": {"app_site": {"server_names": ["blog.test"]}, "app_data_services": {"mail": {}}, **HEARD},
        "shop": {"app_edge_passwords": {"team": "t"}, "app_site": {"server_names": ["shop.test"]}, **HEARD},
    }
    hidden = {"app_site": {}, "app_data_services": {}}
    return wired(name, **hidden, app_names=["blog", "shop"], hostvars=Hosts(apps), **more)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nginx_sites", {"blog": {"server_names": ["blog.test"]}, "shop": {"server_names": ["shop.test"]}}),
        ("nginx_passwords", {"team": "t"}),
        (
            "nginx_message_sites",
            {"blog": "host_vars/blog/app.yml: app_site", "shop": "host_vars/shop/app.yml: app_site"},
        ),
        ("operator_ports", [8080, 8025]),
        ("pages_app", "shop"),
        (
            "pages_apps",
            [
                {"app": name, "directory": f"/opt/{name}", "edge_directory": f"/etc/nginx/izzzi/{name}"}
                for name in ("blog", "shop")
            ],
        ),
        (
            "provision_uptime_checks",
            {"blog": {"target": "http://blog.test"}, "shop": {"target": "http://shop.test"}},
        ),
        ("app_generated_secrets", {"vault_operator_password": {}}),
        ("backups_generated_secrets", {}),
    ],
)
def test_what_is_the_machines_is_gathered_from_several_apps(name, value):
    more = {"provision_allowed_ssh_ips": ["203.0.113.7/32"], "provision_spaces": {"backups": {}}}
    assert of_several(name, **more) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_generated_secrets", {"vault_app_postgres_password": {}, "vault_app_redis_password": {}}),
        ("backups_generated_secrets", {"vault_backup_password": {}}),
        ("app_secrets_file", "/i/host_vars/blog/vault.yml"),
        ("app_data_volumes_file", "/i/host_vars/blog/data_volumes.yml"),
        ("app_consent", "blog-production"),
        ("app_url", "http://blog.test"),
        ("backup_prefix", "blog"),
        ("app_data_host", ["blog"]),
    ],
)
def test_each_of_several_apps_has_its_own(name, value):
    more = {
        "app_names": ["blog", "shop"],
        "app_project": "blog",
        "stands_for_app": True,
        "inventory_hostname": "blog",
        "app_secrets_file": trusted("{{ own_secrets_file }}"),
        "inventory_dir": "/i",
        "provision_environment": "production",
        "provision_spaces": {"backups": {}},
        "app_site": {"server_names": ["blog.test"]},
        "groups": {"managers": [], "workers": [], "data_host": ["shop", "blog"]},
        "hostvars": {"localhost": {"app_secrets_file": "/i/group_vars/all/vault.yml"}},
    }
    assert wired(name, **more) == value


def test_vaults_outside_of_the_inventory_stand_beside_each_other():
    more = {"inventory_hostname": "blog", "stands_for_app": True, "inventory_dir": "/i"}
    assert wired("own_secrets_file", **more, hostvars={"localhost": {"app_secrets_file": "/o/vault.yml"}}) == (
        "/o/vault-blog.yml"
    )


@pytest.mark.parametrize("role", ["nginx", "swarm_stack"])
def test_messages_call_a_site_as_people_do(role):
    own = {"locations": []}
    assert wired(f"{role}_message_sites") == {"shop": "app_site"}
    assert wired(f"{role}_message_sites", nginx_sites={"shop": own}) == {}
    assert wired(f"{role}_message_sites", nginx_sites={"shop": APP["app_site"], "blog": own}) == {"shop": "app_site"}


SITE = APP["app_site"]
RULE = {"entry_protocol": "https", "entry_port": 443, "target_protocol": "http", "target_port": 80}


@pytest.mark.parametrize(
    ("variables", "target"),
    [
        ({}, "http://shop.test"),
        ({"app_site": {**SITE, "tls": {"source": "acme"}}}, "https://shop.test"),
        ({"app_site": {**SITE, "tls": {"source": "files"}}}, "https://shop.test"),
        ({"app_site": {**SITE, "tls": {"source": "files", "root": "own.pem"}}}, "http://shop.test"),
        ({"app_site": {**SITE, "tls": {"source": "self-signed"}}}, "http://shop.test"),
        ({"app_site": {**SITE, "server_names": ["_", "*.shop.test", "www.shop.test"]}}, "http://www.shop.test"),
        ({"app_site": {**SITE, "server_names": ["_"]}}, "http://shop.test"),
        ({"provision_domain": {"name": "shop.test", "hosts": ["staging"]}}, "http://staging.shop.test"),
        ({"provision_load_balancer": {"forwarding_rules": [RULE]}}, "https://shop.test"),
        ({"provision_alert_emails": []}, None),
        ({"provision_domain": {}}, None),
        ({"provision_domain": {"name": "shop.test", "hosts": []}}, None),
        ({"app_site": {**SITE, "basic_auth": ["team"]}}, None),
    ],
)
def test_the_apps_domain_is_watched_from_outside_when_somebody_is_to_hear_of_it(variables, target):
    wanted = {"site": {"target": target}} if target else {}
    assert wired("provision_uptime_checks", **HEARD | variables) == wanted


def test_without_an_app_or_a_domain_nothing_is_watched():
    assert wired("provision_uptime_checks") == {}


NGINX = yaml.safe_load((ROOT / "roles/nginx/meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]


@pytest.mark.parametrize("name", EDGE)
def test_both_edges_have_the_same_settings(name):
    assert wired(f"nginx_{name}") == wired(f"swarm_stack_edge_{name}") == NGINX[f"nginx_{name}"]["default"]
    own = {f"app_edge_{name}": "own"}
    assert wired(f"nginx_{name}", **own) == wired(f"swarm_stack_edge_{name}", **own) == "own"
    assert renamed([f"nginx_{name}: own"], RUNNERS) == {f"nginx_{name}": f"app_edge_{name}"}


def test_what_only_one_edge_has_is_its_places():
    """A Swarm's logs are Docker's; its status is in the container; old workers end with their task; and a certificate
    by ACME comes to one host. A Swarm's nginx is a service."""
    host = {name.removeprefix("nginx_") for name in NGINX if not name.startswith("nginx_acme_")}
    swarm = {name.removeprefix("swarm_stack_edge_") for name in RUNNERS["swarm_stack"] if "_edge_" in name}
    assert host - swarm == {"log_days", "status_port", "worker_shutdown_timeout", "message_prefix", "message_sites"}
    assert swarm - host == {"enabled", "image", "constraints", "host"}
    assert swarm & host == {"sites", *EDGE}


def test_every_input_of_a_role_that_the_wiring_names_is_one():
    """Inputs of an entry point that is not `main` stand in the files that read them."""
    known, text = set(), ""
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            known |= set(entry["options"])
    for path in ROOT.glob("roles/*/tasks/*.yml"):
        text += path.read_text()
    prefixes = tuple(path.name + "_" for path in (ROOT / "roles").iterdir())
    verbs = WIRING["app_verb_inputs"]
    inputs = [name for name in complete(WIRING | {"app_verb_inputs": {}}, RUNNERS) if name.startswith(prefixes)]
    assert [name for name in inputs if name not in known and not re.search(rf"\b{name}\b", text)] == []
    assert [name for name in verbs if not re.search(rf"\b(app_compose|swarm_stack)_{name}\b", text)] == []


def test_messages_name_inputs_that_there_are():
    """What they say with the prefix app_ is a variable of the declaration then."""
    named = set()
    for path in [*ROOT.glob("plugins/module_utils/_*/**/*.py"), *ROOT.glob("plugins/modules/*.py")]:
        named |= set(re.findall(r"(?<!\w)((?:app_compose|swarm_stack)_[a-z]\w+)", path.read_text()))
    inputs = {name for options in RUNNERS.values() for name in options} | set(MOVED)
    assert {"app_compose_allow_data_change", "swarm_stack_allow_data_change"} <= named
    assert named - inputs == {"swarm_stack_images"}, "the role's result"


@pytest.mark.parametrize("role", ["app_compose", "swarm_stack"])
def test_both_runners_give_builds_and_images_the_apps_variables(role):
    """Without them `${NAME}` would reach a build as literal text."""
    text = (ROOT / f"roles/{role}/tasks/images.yml").read_text()
    calls = [task for task in _tasks(yaml.safe_load(text)) if "izzzi.infra.app_image" in task]
    assert [call["izzzi.infra.app_image"]["env"] for call in calls] == [f"{{{{ {role}_env }}}}"]


def _tasks(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for task in found:
        yield task
        for part in ("block", "rescue", "always"):
            yield from _tasks(task.get(part, []))


IN_REACH = {
    "provision_allowed_ssh_ips": ["203.0.113.7/32"],
    "group_names": ["web"],
    "vault_operator_password": "p" * 20,
}


def test_pages_for_operators_are_open_to_whoever_may_use_ssh():
    mail = {"app_data_services": {"mail": {}}}
    assert wired("provision_operator_ports", **IN_REACH) == [8080], "no mail catcher, no port for it"
    assert wired("provision_operator_ports", **IN_REACH, **mail) == [8080, 8025]
    (rule,) = wired("operator_firewall_rules", **IN_REACH, **mail)
    assert rule["sources"] == ["203.0.113.7/32"]
    assert wired("pages_mail", **IN_REACH, **mail) == "127.0.0.1:1080"


@pytest.mark.parametrize(
    "without", [{"operator_pages_enabled": "false"}, {"provision_allowed_ssh_ips": []}, {"group_names": ["others"]}]
)
def test_without_somebody_to_let_in_nothing_is_opened(without):
    """A rule without sources would let everybody in."""
    assert wired("operator_firewall_rules", **{**IN_REACH, **without}) == []
    if "group_names" not in without:
        assert wired("swarm_stack_pages", **{**IN_REACH, **without}) == {}
        assert wired("provision_operator_ports", **{**IN_REACH, **without}) == []


def test_no_password_no_service():
    assert wired("swarm_stack_pages", **{**IN_REACH, "vault_operator_password": ""}) == {}


def test_a_swarms_service_for_operators_has_no_password_where_people_can_read_it():
    more = {**IN_REACH, "app_data_services": {"mail": {}}}
    found = json.dumps(wired("swarm_stack_pages", **more))
    assert "8080:8080" in found
    assert "8025:8025" in found
    assert "p" * 20 not in found + json.dumps(wired("swarm_stack_pages_secrets", **more))


def test_pages_have_the_certificate_of_the_apps_site():
    tls = {"locations": [], "server_names": ["shop.example"], "tls": {"certificate": "c", "key": "k"}}
    more = {**IN_REACH, "app_site": tls}
    assert wired("pages_certificate", **more) == "/etc/nginx/tls/shop.pem"
    assert wired("pages_certificates", **more) == [{"name": "shop.example", "port": 443}]
    assert "edge_shop.pem" in wired("swarm_stack_pages", **more)["services"]["operators"]["secrets"]
    assert wired("pages_certificate", **IN_REACH) == ""
    assert wired("pages_certificates", **IN_REACH) == []


@pytest.mark.parametrize(
    ("site", "url"),
    [
        ({}, "http://198.51.100.7"),
        ({"server_names": ["shop.example"]}, "http://198.51.100.7"),
        ({"server_names": ["shop.example", "www.shop.example"], "tls": {"source": "acme"}}, "https://shop.example"),
        (
            {"server_names": ["shop.example"], "tls": {"source": "files"}, "listen_tls": 8443},
            "https://shop.example:8443",
        ),
        ({"server_names": ["shop.example"], "tls": {"source": "self-signed"}}, "http://198.51.100.7"),
    ],
)
def test_visitors_are_sent_to_the_domain_once_they_can_trust_it(site, url):
    assert wired("app_url", ansible_host="198.51.100.7", app_site={"locations": [], **site}) == url


def test_a_swarm_asks_the_authority_that_is_declared_for_one_server():
    assert wired("swarm_stack_acme_email", nginx_acme_email="ops@shop.example") == "ops@shop.example"
    assert wired("swarm_stack_acme_directory") == NGINX["nginx_acme_directory"]["default"]
    inputs = {name.removeprefix("nginx_acme_") for name in NGINX if name.startswith("nginx_acme_")}
    mapped = {name.removeprefix("swarm_stack_acme_") for name in WIRING if name.startswith("swarm_stack_acme_")}
    assert inputs == mapped


def test_pages_of_a_swarm_read_a_certificate_that_is_carried_to_the_node():
    tls = {"locations": [], "server_names": ["shop.example"], "tls": {"source": "acme"}}
    found = wired("swarm_stack_pages", **IN_REACH, app_site=tls)
    service = found["services"]["operators"]
    assert service["secrets"] == ["operators_users"]
    assert service["entrypoint"] == ["sh", "/etc/nginx/izzzi-watch.sh", "shop"]
    assert "/etc/nginx/izzzi/tls/shop.pem" in found["configs"]["operators_nginx.conf"]


def test_hosts_look_for_the_tags_that_doors_have():
    asked = {"provision_project": "shop", "provision_environment": "production"}
    assert wired("base_ssh_door_prefix", **asked) == ""
    assert wired("base_ssh_door_prefix", **asked, ci_door_enabled=True) == Names("shop", "production").door_tags


def test_the_vault_names_of_spaces_keys_are_those_that_the_module_gives():
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/check_vault.yml").read_text())
    made = tasks[0]["vars"]["vault_made"]
    keys = {"backup": {}, "copy-of-them": {}}
    templar = Templar(DataLoader(), variables={"provision_spaces_keys": keys})
    assert templar.template(trust_as_template(made)) == [name for key in keys for name in vault_variables(key)]


def test_a_secret_that_one_of_several_apps_lacks_is_told_before_there_is_a_droplet():
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/check_vault.yml").read_text())
    made = {"app_generated_secrets": {"vault_jwt": {}}}
    names = {"vault_jwt": "app.yml, line 1", "vault_stripe": "app.yml, line 2"}
    hosts = {
        "blog": {"app_vault_names": names, **made},
        "shop": {"app_vault_names": names, **made, "vault_stripe": "sk"},
    }
    here = {"app_secrets_file": "/i/group_vars/all/vault.yml", "inventory_dir": "/i", "stands_for_app": False}
    variables = trusted(tasks[0]["vars"]) | here | {"app_names": ["blog", "shop"], "hostvars": hosts}
    told = Templar(DataLoader(), variables=variables).template(variables["vault_problem"])
    missing = "vault_stripe is not in the vault of blog (/i/host_vars/blog/vault.yml), and nothing generates it."
    assert told.splitlines()[0] == f"app.yml, line 2: {missing}"
    assert told.splitlines()[1].startswith("Add each as a line")
    for more in ({"app_secrets_file": "/o/vault.yml"}, {"app_names": []}):
        said = Templar(DataLoader(), variables=variables | more).template(
            trust_as_template("{{ vault_of_apps | trim }}")
        )
        assert said == ""
