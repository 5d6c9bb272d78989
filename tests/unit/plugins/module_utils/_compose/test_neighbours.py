# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.colours import ColouredApp
from ansible_collections.izzzi.infra.plugins.module_utils._compose.neighbours import (
    Neighbour,
    collisions,
    directory_collisions,
    edge_collision,
    is_same,
    listeners,
    parse,
    published,
)
from ansible_collections.izzzi.infra.plugins.module_utils._compose.ports import Claim
from ansible_collections.izzzi.infra.plugins.module_utils._compose.upstream import http_file

APP = ColouredApp(
    project="two",
    directory=Path("/opt/two"),
    services={"web": {"image": "web:1", "port": 80, "replicas": 2}},
    data_services={
        "db": {
            "image": "postgres:17",
            "container_name": "two-db",
            "ports": ["127.0.0.1:5432:5432"],
            "volumes": ["pg:/var/lib/postgresql/data", {"type": "volume", "source": "shared", "target": "/shared"}],
        }
    },
    volumes={"pg": {}, "shared": {"name": "everybodys"}, "cache": {}},
    first_port=20200,
)
ONE = Neighbour("one-blue-web-1", "one-blue", "/opt/one/blue", True, (("127.0.0.1", 20000),))
REMOVE_ONE = "playbooks/remove.yml -e app_compose_project=one -e confirm=one"
HAND_MADE = Neighbour("pg", "", "", True)


def test_apps_that_share_nothing_do_not_collide():
    own = [
        Neighbour("two-blue-web-1", "two-blue", "/opt/two/blue", True, (("127.0.0.1", 20200),)),
        Neighbour("two-db", "two", "/opt/two/data", True, (("127.0.0.1", 5432),), ("two_pg", "everybodys")),
    ]
    claims = {"two": Claim("/opt/two", 20200), "one": Claim("/opt/one", 20000)}
    assert collisions(APP, [*own, ONE], claims, {("0.0.0.0", 80): "nginx"}) == []


@pytest.mark.parametrize(
    ("neighbour", "told"),
    [
        # The name: of a project elsewhere, of one by hand, and of a colour of ours.
        (
            Neighbour("two-web-1", "two", "/srv/shop", False),
            "The name two is taken on this host: the Compose project two",
        ),
        (
            Neighbour("x", "two-green", "/opt/two-green/data", False),
            "the Compose project two-green is of /opt/two-green",
        ),
        # Ports.
        (
            replace(ONE, name="one-db-1", project="one", directory="/opt/one/data", published=(("", 5432),)),
            "db of two wants port 5432, which the container one-db-1 of the app one has",
        ),
        (
            replace(HAND_MADE, published=(("127.0.0.1", 20300),)),
            "web of two wants port 20300, which the container pg has",
        ),
        # A name that Docker has only once, also of what does not run.
        (replace(HAND_MADE, name="two-db", is_running=False), "db of two has the container_name two-db"),
        # A volume twice.
        (
            replace(HAND_MADE, volumes=("two_pg",)),
            "The volume two_pg of a data service of two is in use by the container pg",
        ),
        (
            replace(ONE, volumes=("everybodys",)),
            "The volume everybodys of a data service of two is in use by the container",
        ),
    ],
)
def test_what_collides_is_told_with_both_sides(neighbour, told):
    (sentence,) = collisions(APP, [neighbour], {}, {})
    assert told in sentence
    assert neighbour.cure in sentence


@pytest.mark.parametrize(
    "neighbour",
    [
        replace(HAND_MADE, published=(("", 5432),), is_running=False),
        replace(HAND_MADE, published=(("10.0.0.1", 5432),)),
        replace(HAND_MADE, volumes=("two_pg",), is_running=False),
        replace(HAND_MADE, volumes=("two_cache",)),
        replace(HAND_MADE, volumes=("pg",)),
    ],
)
def test_what_looks_like_a_collision_and_is_none(neighbour):
    assert collisions(APP, [neighbour], {}, {}) == []


def test_what_the_host_remembers_of_other_apps_counts():
    (sentence,) = collisions(APP, [], {"one": Claim("/opt/one", 20100)}, {})
    assert "20200 to 20399 of two overlap with 20100 to 20299 of the app one" in sentence
    assert REMOVE_ONE in sentence
    (sentence,) = directory_collisions(APP, {"one": Claim("/opt/two", 24000), "two": Claim("/opt/two", 20200)})
    assert "/opt/two is the directory of the app one" in sentence
    assert REMOVE_ONE in sentence


def test_a_program_that_listens_is_named_once():
    (sentence,) = collisions(APP, [], {}, {("0.0.0.0", 5432): "postgres", ("::", 9): "x"})
    assert "db of two wants port 5432, which the program postgres listens on" in sentence


def test_the_cure_fits_whose_container_it_is():
    assert ONE.cure.startswith(REMOVE_ONE)
    assert replace(ONE, project="one", directory="/opt/one/data").cure.startswith(REMOVE_ONE)
    assert "docker compose --project-name shop down" in Neighbour("s", "shop", "/srv/shop", True).cure
    assert "docker container rm --force pg" in HAND_MADE.cure


def test_containers_are_read_as_docker_tells_them():
    item = {
        "Name": "/one-blue-web-1",
        "State": {"Status": "running"},
        "Config": {
            "Labels": {
                "com.docker.compose.project": "one-blue",
                "com.docker.compose.project.working_dir": "/opt/one/blue",
            }
        },
        "HostConfig": {
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "20000-20001"}], "81/tcp": None}
        },
        "Mounts": [{"Type": "volume", "Name": "one_pg"}, {"Type": "bind", "Source": "/x"}],
    }
    by_hand = {"Name": "/pg", "State": {"Status": "exited"}, "Config": {"Labels": None}}
    assert parse(json.dumps([item, by_hand])) == [
        replace(ONE, published=(("127.0.0.1", 20000), ("127.0.0.1", 20001)), volumes=("one_pg",)),
        replace(HAND_MADE, is_running=False),
    ]
    assert parse("") == []


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("127.0.0.1:1080:1080", [("127.0.0.1", 1080)]),
        ("8080:80", [("", 8080)]),
        ("8080-8081:80-81/tcp", [("", 8080), ("", 8081)]),
        ("[::1]:53:53/udp", [("::1", 53)]),  # as Docker says it
        ("80", []),
        (80, []),
        ({"target": 80, "published": "8080", "host_ip": "127.0.0.1"}, [("127.0.0.1", 8080)]),
        ({"target": 80}, []),
    ],
)
def test_published_ports_in_all_their_forms(given, found):
    assert [port for _service, port in published({"db": {"ports": [given]}})] == found


def test_addresses_that_share_a_port_are_the_same_or_all():
    assert is_same(("127.0.0.1", 80), ("0.0.0.0", 80))
    assert is_same(("", 80), ("10.0.0.1", 80))
    assert not is_same(("127.0.0.1", 80), ("10.0.0.1", 80))
    assert not is_same(("", 80), ("", 81))


def test_an_edge_directory_belongs_to_one_app():
    of_one = http_file("one", "token", {"web": [20000]})
    assert edge_collision(APP, "/etc/nginx/izzzi/main", http_file("two", "token", {"web": [20200]})) == []
    assert edge_collision(APP, "/etc/nginx/izzzi/main", "# No release yet.\n") == []
    assert edge_collision(APP, "/etc/nginx/izzzi/main", None) == []
    (sentence,) = edge_collision(APP, "/etc/nginx/izzzi/main", of_one)
    assert "written by the releases of the app one, not of two" in sentence


def test_listeners_are_read_as_ss_tells_them():
    text = """\
LISTEN 0 511   0.0.0.0:80    0.0.0.0:* users:(("nginx",pid=3121,fd=6),("nginx",pid=2806,fd=6))
LISTEN 0 4096  127.0.0.1:20000 0.0.0.0:* users:(("dockerd",pid=2610,fd=22))
LISTEN 0 4096  127.0.0.1:1080 0.0.0.0:* users:(("docker-proxy",pid=2,fd=4))
LISTEN 0 4096  127.0.0.53%lo:53 0.0.0.0:*
LISTEN 0 128   [::]:22       [::]:* users:(("sshd",pid=136,fd=7))
"""
    assert listeners(text) == {
        ("0.0.0.0", 80): "nginx",
        ("127.0.0.53", 53): "of the kernel",
        ("[::]", 22): "sshd",
    }
