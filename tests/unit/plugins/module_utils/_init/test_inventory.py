# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written for apps of five shapes, and what is refused. The files are judged as the roles judge them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.izzzi.infra.plugins.module_utils._init.arguments import ENVIRONMENTS, RUNNERS, Wish
from ansible_collections.izzzi.infra.plugins.module_utils._init.inventory import Inventory, make
from ansible_collections.izzzi.infra.plugins.module_utils._init.place import PlaceError, write_at_once

from tests.unit.apps import APPS, SECRET, faults, variables_of, write

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada@home"


@pytest.fixture
def home(tmp_path) -> Path:
    return write(tmp_path / "home", {".ssh/id_ed25519.pub": f"{KEY}\n"})


def inventory(tmp_path: Path, kind: str, **wish: str) -> Inventory:
    write(tmp_path / "app", APPS[kind])
    asked = {"environment": "production", "project": "shop", "app": "app", **wish}
    return make(Wish(**asked), tmp_path, tmp_path / "home")


def app_of(made: Inventory) -> dict:
    return yaml.safe_load(made.files["group_vars/all/app.yml"])


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.parametrize("name", APPS)
def test_what_is_written_has_no_fault(name, runner, tmp_path, home):
    made = inventory(tmp_path, name, runner=runner, domain="shop.test")
    assert faults(variables_of(made.files)) == []
    for file, text in made.files.items():
        assert SECRET not in text
        assert not file.endswith(("yml", "yaml")) or (yaml.safe_load(text) and text.startswith("---\n"))
        longest = max(map(len, text.splitlines()))
        assert file == "README.md" or longest <= 160, file


def test_one_service_without_a_database(tmp_path, home):
    made = inventory(tmp_path, "one")
    assert app_of(made) == {
        "app_source": {"path": "{{ inventory_dir }}/../../app"},
        "app_services": {
            "web": {"build": {"dockerfile": "Dockerfile"}, "port": 8080, "checks": [{"path": "/healthz"}]}
        },
        "app_site": {"locations": [{"path": "/", "service": "web"}]},
    }
    assert made.notes.todo == ["who may use SSH: set `provision_allowed_ssh_ips` in environment.yml"]
    assert made.notes.assumed == []


def test_an_api_with_a_worker_and_a_database_from_a_compose_file(tmp_path, home):
    made = inventory(tmp_path, "worker")
    declared = app_of(made)
    api, worker = (declared["app_services"][name] for name in ("api", "worker"))
    assert declared["app_data_services"]["db"] == {
        "preset": "postgres", "version": "16.4", "database": "shop_live", "user": "shop",
    }  # fmt: skip
    assert declared["app_data_services"]["cache"] == {"preset": "redis", "version": 7}
    assert declared["app_data_services"]["mail"] == {}
    assert declared["app_data_services"]["search"]["environment"]["MEILI_MASTER_KEY"] == "${MEILI_MASTER_KEY}"
    assert api["environment"]["DATABASE_URL"] == (
        "postgresql+asyncpg://${DATABASE_USER}:${DATABASE_PASSWORD}@db:5432/shop_live?ssl=disable"
    )
    assert api["environment"]["REDIS_URL"] == "redis://:${REDIS_PASSWORD}@cache:6379/2"
    assert (api["environment"]["SMTP_HOST"], api["environment"]["SMTP_PORT"]) == ("mail", 1025)
    assert (api["environment"]["GREETING"], declared["app_env"]["NAME_OF_SHOP"]) == ("hello ${NAME_OF_SHOP}", "Corner")
    assert (api["environment"]["LOG_LEVEL"], worker["environment"]["LOG_LEVEL"]) == ("${LOG_LEVEL}", "debug")
    assert declared["app_env"]["LOG_LEVEL"] == "info"
    assert (api["port"], api["checks"], api["volumes"]) == (4000, [{"path": "/api/live"}], ["uploads:/app/uploads"])
    assert (worker["start"], worker["healthcheck"], "port" in worker) == ("after_switch", {"disable": True}, False)
    assert declared["app_release_command"] == {"service": "api", "command": ["alembic", "upgrade", "head"]}
    assert set(declared["app_secrets"]) == {"vault_app_secret_key", "vault_app_meili_master_key"}
    assert "vault_app_stripe_secret_key" in declared["app_secret_env"]["STRIPE_SECRET_KEY"]
    assert (
        "STRIPE_SECRET_KEY: put vault_app_stripe_secret_key into the vault, for somebody else gives it"
        in made.notes.todo
    )
    assert any("proxy" in row for row in made.notes.found)
    assert any("adminer" in row for row in made.notes.found)


def test_a_monorepo_with_pages_an_api_and_prisma(tmp_path, home):
    made = inventory(tmp_path, "monorepo")
    declared = app_of(made)
    api, web = (declared["app_services"][name] for name in ("api", "web"))
    assert api["build"] == {"dockerfile": "apps/api/Dockerfile"}  # from the root, since it copies what only that has
    assert declared["app_data_services"] == {"postgres": {}, "redis": {}}
    assert api["environment"]["DATABASE_URL"].endswith("@postgres:5432/shop?schema=public")
    assert api["environment"]["REDIS_PASSWORD"] == "${REDIS_PASSWORD}"
    assert declared["app_release_command"] == {"service": "api", "command": ["npx", "prisma", "migrate", "deploy"]}
    assert declared["app_migrations"] == ["apps/api/prisma/migrations/*/migration.sql"]
    assert web["assets"] == {"/_next/static": "/app/apps/web/.next/static"}
    assert web["build_env"]["file"] == "apps/web/.env.production"
    assert web["build_env"]["values"]["NEXT_PUBLIC_API_URL"] == "{{ app_url }}/api"
    assert web["checks"] == [{"path": "/healthz"}]
    assert [row["path"] for row in declared["app_site"]["locations"]] == ["/api", "/socket.io", "/"]
    assert declared["app_secrets"]["vault_app_jwt_secret"] == {"length": 64}
    assert "vault_app_openai_api_key" not in declared["app_secrets"]
    text = made.files["group_vars/all/app.yml"]
    assert 'OPENAI_API_KEY: "{{ vault_app_openai_api_key }}" # TODO' in text
    assert 'ODD: "" # TODO has no value' in text
    assert "# TODO no health check found" in text
    assert "pipe" not in text  # what a template would run stays out
    assert "apps/admin has no Dockerfile, so it is no service" in made.notes.todo


def test_python_and_a_static_site(tmp_path, home):
    fastapi, static = (inventory(tmp_path / name, name) for name in ("fastapi", "static"))
    assert app_of(fastapi)["app_services"]["web"]["port"] == 8000
    assert "web listens on port 8000, as FastAPI does" in fastapi.notes.assumed
    assert app_of(static)["app_services"]["web"] == {
        "build": {"dockerfile": "Dockerfile"}, "port": 80, "checks": [{"path": "/"}],
    }  # fmt: skip


def test_environments_share_nothing(tmp_path, home):
    made = {name: inventory(tmp_path, "monorepo", environment=name) for name in ENVIRONMENTS}
    for one in made.values():
        write_at_once(one.into, one.files)
        assert not list(one.into.rglob("vault.yml"))
        assert not list(one.into.rglob("known_hosts*"))
    declared = {name: variables_of(one.files) for name, one in made.items()}
    assert [one["provision_vpc"]["ip_range"] for one in declared.values()] == [
        "10.20.0.0/16", "10.21.0.0/16", "10.22.0.0/16",
    ]  # fmt: skip
    for name, one in made.items():
        assert declared[name]["provision_environment"] == name
        assert all(f"shop-{other}" not in "".join(one.files.values()) for other in set(ENVIRONMENTS) - {name})


def test_the_environment_is_what_was_asked_for(tmp_path, home):
    made = inventory(tmp_path, "one", runner="swarm", region="nyc3", domain="shop.test", environment="staging")
    declared = variables_of(made.files)
    assert declared["provision_region"] == "nyc3"
    assert declared["provision_ssh_keys"] == [{"name": "shop-deploy-key", "public_key": KEY}]
    assert declared["provision_domain"] == {"name": "shop.test", "hosts": ["@", "www"], "target": "manager"}
    assert declared["app_orchestrator"] == "swarm"
    assert declared["provision_droplets"]["manager"]["groups"] == ["managers"]
    below = variables_of(inventory(tmp_path, "one", domain="shop.example.com").files)
    assert below["provision_domain"]["hosts"] == ["@"]
    text = made.files["group_vars/all/app.yml"]
    lines = [line for line in text.splitlines() if line.strip().startswith(("# server_names", "# tls", "# nginx_acme"))]
    assert len(lines) == 3
    for line in lines:
        text = text.replace(line, line.replace("# ", "", 1))
    opened = yaml.safe_load(text)
    assert opened["app_site"]["server_names"] == ["shop.test", "www.shop.test"]
    assert opened["nginx_acme_email"] == "you@shop.test"


def test_without_a_public_key_it_says_so(tmp_path):
    made = inventory(tmp_path, "one")
    assert "no public key in ~/.ssh" in made.notes.todo[1]
    assert "TODO There was no public key" in made.files["group_vars/all/environment.yml"]


def test_a_repository_is_not_read(tmp_path, home):
    made = inventory(tmp_path, "one", app="git@github.com:shop/shop.git")
    declared = app_of(made)
    assert declared["app_source"] == {"repository": "git@github.com:shop/shop.git", "revision": "main"}
    assert "# TODO port" in made.files["group_vars/all/app.yml"]
    assert any("clone" in row for row in made.notes.todo)


def test_an_inventory_inside_of_the_app_is_no_part_of_its_source(tmp_path, home):
    write(tmp_path, APPS["one"] | {"inventories/old/Dockerfile": "FROM scratch\n"})
    made = make(Wish("production", "shop", "."), tmp_path, home)
    assert app_of(made)["app_source"] == {"path": "{{ inventory_dir }}/../..", "exclude": ["inventories"]}
    assert list(app_of(made)["app_services"]) == ["web"]


def test_an_app_of_which_nothing_can_be_told(tmp_path, home):
    write(tmp_path / "app", {"main.go": ""})
    made = make(Wish("dev", "shop", "app"), tmp_path, home)
    assert any("there is neither a Dockerfile nor a compose file" in row for row in made.notes.todo)
    assert all("has no `port`" in fault for fault in faults(variables_of(made.files)))  # which the file has as a TODO
    assert "# TODO port" in made.files["group_vars/all/app.yml"]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"project": "Shop!"}, "project: 'Shop!' is not a name such as shop"),
        ({"region": "Frankfurt"}, "region: 'Frankfurt' is not the slug of a region"),
        ({"domain": "http://shop.test"}, "is not a domain's name"),
        ({"environment": "prod"}, "environment: 'prod' is not production, staging or dev."),
        ({"app": "https://ada:secret@github.com/shop/shop"}, "a name or a password stands in this address"),
        ({"app": "nowhere"}, "nowhere is not a folder"),
        ({"into": "app"}, "app exists, and nothing that exists is written over"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(wish, words, tmp_path, home):
    with pytest.raises(PlaceError) as refused:
        inventory(tmp_path, "one", **wish)
    assert words in str(refused.value)
    assert str(refused.value).endswith("Nothing was written.")
    assert "secret" not in str(refused.value)


def test_a_second_inventory_of_the_same_environment_is_refused(tmp_path, home):
    first = inventory(tmp_path, "one")
    write_at_once(first.into, first.files)
    with pytest.raises(PlaceError, match="is the inventory of shop-production already"):
        inventory(tmp_path, "one", into="inventories/other")
    other = inventory(tmp_path, "one", into="inventories/other", project="blog")
    assert any("production beside it has 10.20.0.0/16, too" in row for row in other.notes.assumed)


def test_a_name_below_the_domain_of_another_environment_is_a_record_of_it(tmp_path, home):
    first = inventory(tmp_path, "one", domain="shop.co.uk")
    write_at_once(first.into, first.files)
    for domain, declared in (
        ("staging.shop.co.uk", {"name": "shop.co.uk", "hosts": ["staging"]}),
        ("otshop.co.uk", {"name": "otshop.co.uk", "hosts": ["@"]}),
    ):
        made = inventory(tmp_path, "one", environment="staging", domain=domain)
        assert variables_of(made.files)["provision_domain"] == declared
        assert f"# server_names: [{domain}]" in made.files["group_vars/all/app.yml"]
