# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of the demo's environment. The last file by its name, since there is nothing to look at afterwards."""

from __future__ import annotations

from tests.e2e.driver import ours, run_playbook

KINDS = ("droplets", "firewalls", "vpcs", "tags")
CONSENT = ("-e", "confirm=izzzi-dev")


def everything() -> dict[str, list[str]]:
    return {kind: sorted(row["name"] for row in ours(kind)) for kind in KINDS}


def test_without_the_name_nothing_is_destroyed():
    before = everything()
    refused = run_playbook("playbooks/destroy.yml")
    assert refused.status == 2, refused.output
    assert "Usage: destroy.yml -e confirm=izzzi-dev" in refused.output
    shown = run_playbook("playbooks/destroy.yml", "--check")
    assert shown.status == 0, shown.output
    assert "- droplet izzzi-dev-app" in shown.output
    assert everything() == before
    assert before["droplets"] == ["izzzi-dev-app"]


def test_with_it_all_goes_but_what_cannot_or_holds_data():
    """DigitalOcean makes the first VPC of a region its default, which nobody can delete."""
    done = run_playbook("playbooks/destroy.yml", *CONSENT)
    assert done.status == 0, done.output
    left = everything()
    default = [vpc["name"] for vpc in ours("vpcs") if vpc["default"]]
    assert left == {**{kind: [] for kind in KINDS}, "vpcs": default}
    again = run_playbook("playbooks/destroy.yml", *CONSENT)
    assert (again.status, again.total("changed")) == (0, 0), again.output
    assert "Nothing to do" in again.output
    assert "bucket izzzi-dev-backups" in again.output
    assert ("its region's default" in again.output) == bool(default)
