# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from typing import Any

from ansible_collections.izzzi.infra.plugins.module_utils._edge.places import Host, Swarm
from ansible_collections.izzzi.infra.plugins.module_utils._edge.site import site_lines
from ansible_collections.izzzi.infra.plugins.module_utils._edge.text import text

SHARED = {"client_max_body_size": "10m", "connections_per_address": 5, "security_headers": {}, "worker_connections": 9}
STICKY = {"path": "/io", "service": "my-web", "sticky": True}


def site(*services: str, **given: Any) -> dict[str, Any]:
    return {"locations": [{"path": f"/{name}", "service": name} for name in services], **given}


def test_every_service_of_a_site_is_known_without_a_release():
    absent = Host(
        SHARED, {"shop": site("web", app="my-shop"), "more": site("live-feed", "web", app="my-shop")}
    ).absent()
    assert list(absent) == ["my-shop"]
    names = {"my_shop_web", "my_shop_web_sticky", "my_shop_live_feed", "my_shop_live_feed_sticky"}
    assert set(re.findall(r'^map "" \$(\w+)', absent["my-shop"], re.MULTILINE)) == names
    assert set(re.findall(r"default (\w+);", absent["my-shop"])) == {"izzzi_absent_my_shop"}
    assert absent["my-shop"].count("upstream izzzi_absent_my_shop {") == 1


def test_a_release_has_the_last_word():
    """nginx reads http*.conf in the order of their names, and takes the later definition of a variable."""
    assert sorted(["http.conf", "http-absent.conf"]) == ["http-absent.conf", "http.conf"]
    assert "include /etc/nginx/izzzi/*/http*.conf;" in Host(SHARED, {}).http()


def test_a_release_enters_a_closed_site_by_its_header():
    declared = {"shop": site("web", app="my-shop", basic_auth=["team"]), "open": site("web")}
    host = Host(SHARED, declared)
    assert "auth_basic $my_shop_realm;" in text(site_lines("shop", declared["shop"], host))
    assert re.findall(r'map "" \$(\w+) ', text(host.http())) == ["my_shop_realm"]


def swarm(**services: Any) -> Swarm:
    return Swarm(SHARED, {"shop": {"locations": [STICKY]}}, services={"my-web": {"port": 3000}, **services})


def test_a_sticky_client_of_a_task_that_is_gone_meets_another_one():
    written = text(site_lines("shop", {"locations": [STICKY]}, swarm()))
    first, other = (written.split(head)[1] for head in ("location /io/ {", "location @izzzi_other_1 {"))
    assert "set $izzzi_tasks $izzzi_tasks_my_web;\n        proxy_pass http://$izzzi_tasks:3000;" in first
    assert "error_page 502 504 = @izzzi_other_1;" in first
    assert "set $izzzi_tasks tasks.my-web;\n        proxy_pass http://$izzzi_tasks:3000;" in other
    assert "location = /io {" in written
    assert "if ($izzzi_sent) {\n            return 502;" in other


def test_a_cookie_names_nobody_outside_of_the_apps_network():
    written = text(swarm().http())
    assert "geo $cookie_izzzi_my_web $izzzi_known_my_web {\n    default 0;\n    @network@ 1;" in written
    assert "default tasks.my-web;\n    1 $cookie_izzzi_my_web;" in written
    assert "izzzi_my_web=$izzzi_task; Path=/; HttpOnly; SameSite=Lax$izzzi_secure" in written


def test_a_location_may_have_a_port_of_its_own():
    place = swarm(mail={"image": "mail:1"})
    declared = {"locations": [{"path": "/mail", "service": "mail", "port": 1080}]}
    assert "proxy_pass http://$izzzi_tasks:1080;" in text(site_lines("shop", declared, place))


def test_assets_may_be_in_the_tasks_of_another_release():
    place = swarm(front={"port": 80, "assets": {"/_next/static/": "/app/static"}})
    written = text(site_lines("shop", {"locations": [STICKY]}, place))
    assert "location ^~ /_next/static/ {" in written
    assert "proxy_next_upstream error timeout http_404;" in written
