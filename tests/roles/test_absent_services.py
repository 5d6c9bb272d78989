"""What nginx knows of services that no release has: a location may be declared before its service is released, and stay
when a release goes back to before it."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2

ROLE = Path(__file__).resolve().parents[2] / "roles/nginx"
TEMPLATE = ROLE / "templates/etc/nginx/izzzi/app/http-absent.conf.j2"


def render(app: str, services: list[str]) -> str:
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["comment"] = "# {}".format
    item = {"key": app, "value": services}
    return environment.from_string(TEMPLATE.read_text()).render(item=item, ansible_managed="managed")


def test_every_service_of_a_site_is_known_without_a_release():
    text = render("my-shop", ["web", "live-feed"])
    names = {"my_shop_web", "my_shop_web_sticky", "my_shop_live_feed", "my_shop_live_feed_sticky"}
    assert set(re.findall(r'^map "" \$(\w+)', text, re.MULTILINE)) == names
    assert set(re.findall(r"default (\w+);", text)) == {"izzzi_absent_my_shop"}
    assert text.count("upstream izzzi_absent_my_shop {") == 1


def test_a_release_has_the_last_word():
    """nginx reads http*.conf in the order of their names, and takes the later definition of a variable."""
    name = re.search(r"item\.key ~ '/(http[^']*)'", (ROLE / "vars/main.yml").read_text())[1]
    assert name == TEMPLATE.name.removesuffix(".j2")
    assert sorted([name, "http.conf"]) == [name, "http.conf"]
    assert "include /etc/nginx/izzzi/*/http*.conf;" in (ROLE / "templates/etc/nginx/nginx.conf.j2").read_text()
