# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.nginx_collisions import LiveSite, collisions, parse_live

SERVICE = [{"path": "/", "service": "web"}]
UPSTREAM = [{"path": "/", "upstream": "127.0.0.1:3000"}]


def test_the_words_of_the_probe_are_read():
    assert parse_live("one:one:_ shop:store:a.test,b.test") == [
        LiveSite("one", "one", ("_",)),
        LiveSite("shop", "store", ("a.test", "b.test")),
    ]
    assert parse_live("") == []


@pytest.mark.parametrize(
    "sites",
    [
        {"one": {"locations": SERVICE}},
        {"renamed": {"app": "one", "server_names": ["new.test"], "locations": SERVICE}},
        {
            "one": {"server_names": ["one.test"], "locations": SERVICE},
            "two": {"server_names": ["two.test"], "locations": SERVICE},
        },
    ],
)
def test_a_live_app_that_some_site_serves_is_no_collision(sites):
    assert collisions(sites, "one:one:_") == []


@pytest.mark.parametrize(
    ("sites", "there", "instead"),
    [
        ({"two": {"locations": SERVICE}}, "one:one:_", "visitors of any name would meet the declared site two."),
        (
            {"main": {"app": "two", "locations": SERVICE}},
            "main:one:a.test",
            "visitors of a.test would meet the declared site main.",
        ),
        (
            {"two": {"server_names": ["two.test"], "locations": SERVICE}},
            "one:one:a.test,b.test",
            "visitors of a.test, b.test would meet no site.",
        ),
        # A site of that name that sends visitors elsewhere serves the app no longer.
        ({"one": {"locations": UPSTREAM}}, "one:one:_", "would meet the declared site one."),
    ],
)
def test_a_live_app_that_would_be_cut_off_is_named_with_the_cure(sites, there, instead):
    (sentence,) = collisions(sites, there)
    assert "The app one is live on this host" in sentence
    assert instead in sentence
    assert "playbooks/remove.yml -e app_project=one -e confirm=one" in sentence
    assert "each with server_names of its own" in sentence


def test_a_port_of_another_program_is_named_with_both_sides():
    listening = "22:sshd 80:python3 443:caddy 8443:java"
    secure = {"locations": [], "tls": {"source": "self-signed"}, "listen": 8080}
    assert [
        words.partition(",")[0] for words in collisions({"shop": {"locations": []}, "api": secure}, "", listening)
    ] == [
        "nginx_sites.shop.listen: port 80 is in use on this host by python3",
        "nginx_sites.api.listen_tls: port 443 is in use on this host by caddy",
    ]
    assert collisions({"api": secure}, "", "22:sshd") == []
    (told,) = collisions({"shop": {"locations": []}}, "", listening, {"shop": "app_site"})
    assert told.startswith("app_site.listen: port 80 is in use")
