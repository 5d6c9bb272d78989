"""What nginx knows of services that no release has: a location may be declared before its service is released, and stay
when a release goes back to before it."""

from __future__ import annotations

import re
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

ROOT = Path(__file__).resolve().parents[2]
ROLE = ROOT / "roles/nginx"


def app_files(sites: dict) -> list[dict]:
    init_plugin_loader([str(ROOT / ".ansible/collections")])
    loader = DataLoader()
    loader.set_basedir(str(ROLE))
    read = [
        loader.load_from_file(str(ROLE / part), trusted_as_template=True)
        for part in ("defaults/main.yml", "vars/main.yml")
    ]
    path = {"ansible_search_path": [str(ROLE)], "role_path": str(ROLE), "ansible_managed": "managed"}
    variables = {**read[0], **read[1], **path, "nginx_sites": sites}
    return Templar(loader=loader, variables=variables).template(variables["__nginx_app_files"])


def test_every_service_of_a_site_is_known_without_a_release():
    locations = [{"path": "/", "service": "web"}, {"path": "/live", "service": "live-feed", "sticky": True}]
    (file,) = app_files({"my-shop": {"locations": locations}})
    names = {"my_shop_web", "my_shop_web_sticky", "my_shop_live_feed", "my_shop_live_feed_sticky"}
    assert set(re.findall(r'^map "" \$(\w+)', file["content"], re.MULTILINE)) == names
    assert set(re.findall(r"default (\w+);", file["content"])) == {"izzzi_absent_my_shop"}


def test_a_release_has_the_last_word():
    """nginx reads http*.conf in the order of their names, and takes the later definition of a variable."""
    (file,) = app_files({"shop": {"locations": [{"path": "/", "service": "web"}]}})
    directory, _, name = file["path"].rpartition("/")
    assert directory == "/etc/nginx/izzzi/shop"
    assert sorted([name, "http.conf"]) == [name, "http.conf"]
    assert name.startswith("http")
    assert name.endswith(".conf")
