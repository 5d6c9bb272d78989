# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import redis, restore_redis
from ansible_collections.izzzi.infra.plugins.module_utils._backup.containers import Container


@pytest.mark.parametrize(
    ("answer", "following"),
    [
        ("role:master\r\n", False),
        ("role:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:6390\r\n", True),
        ("role:slave\r\nmaster_host:10.0.0.1\r\nmaster_port:6379\r\n", False),
    ],
)
def test_only_a_redis_that_follows_our_own_is_freed(answer, following):
    assert redis.is_following(redis.facts(answer)) is following


@pytest.mark.parametrize(
    ("link", "sync", "copied"), [("down", "1", False), ("down", "0", False), ("up", "1", False), ("up", "0", True)]
)
def test_everything_is_copied_when_the_link_is_up_and_nothing_is_on_its_way(link, sync, copied):
    facts = redis.facts(f"master_link_status:{link}\r\nmaster_sync_in_progress:{sync}\r\n")
    assert restore_redis.has_copied(facts) is copied


def test_keys_of_all_databases_count():
    answer = "# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=0\r\ndb3:keys=5,expires=0,avg_ttl=0\r\n"
    assert restore_redis.size(redis.facts(answer)) == 7
    assert restore_redis.size({}) == 0


def test_the_second_redis_is_for_the_live_one_alone():
    words = restore_redis.docker_run("x", "shop", Container("id", "redis", "image"), "/folder")
    assert "--network=container:id" in words
    assert words[words.index("--bind") + 1] == "127.0.0.1"
    assert "--volume=/folder:/restore:ro" in words
