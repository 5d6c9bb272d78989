# SPDX-License-Identifier: GPL-3.0-or-later
"""community.digitalocean's modules against the sandbox, unchanged, as a user's playbook runs them. Those for
records, projects, reserved IPs and Spaces have no option for the address of the API."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .conftest import PUBLIC_KEY

PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/community.digitalocean.all: &account
      baseurl: "{url}/v2"
      oauth_token: "{token}"
  tasks:
    - community.digitalocean.digital_ocean_sshkey:
        baseurl: "{url}/v2"
        oauth_token: "{token}"
        name: laptop
        ssh_pub_key: "{key}"
    - community.digitalocean.digital_ocean_vpc: {{name: net, region: fra1, ip_range: 10.31.0.0/24}}
      register: vpc
    - community.digitalocean.digital_ocean_tag: {{name: web}}
    - community.digitalocean.digital_ocean_droplet:
        name: web-1
        unique_name: true
        region: fra1
        size: s-1vcpu-1gb
        image: debian-13-x64
        vpc_uuid: "{{{{ vpc.data.vpc.id }}}}"
        tags: [web]
        wait_timeout: 60
        sleep_interval: 1
      register: droplet
    - community.digitalocean.digital_ocean_firewall:
        name: fw
        inbound_rules: [{{protocol: tcp, ports: "22", sources: {{addresses: [0.0.0.0/0]}}}}]
        outbound_rules: [{{protocol: tcp, ports: "443", destinations: {{addresses: [0.0.0.0/0]}}}}]
        tags: [web]
    - community.digitalocean.digital_ocean_domain: {{name: shop.example, ip: 198.51.100.20}}
    - community.digitalocean.digital_ocean_block_storage:
        {{command: create, state: present, volume_name: data, region: fra1, block_size: 10}}
    - community.digitalocean.digital_ocean_droplet_info: {{}}
    - community.digitalocean.digital_ocean_domain_record_info: {{domain: shop.example}}
    - community.digitalocean.digital_ocean_load_balancer_info: {{}}
"""


def test_the_modules_run(daemon, client, tmp_path):
    playbook = tmp_path / "play.yml"
    playbook.write_text(PLAYBOOK.format(url=daemon.url, token=daemon.token, key=PUBLIC_KEY))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local", playbook]
    command += ["-e", f"ansible_python_interpreter={sys.executable}"]
    environment = {**daemon.environment, "ANSIBLE_STRATEGY": "linear", "ANSIBLE_NOCOLOR": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-1000:]
    assert [row["name"] for row in client.droplets.list(tag_name="web")["droplets"]] == ["web-1"]
    assert client.domains.list_records("shop.example", type="A")["domain_records"][0]["data"] == "198.51.100.20"
    assert client.firewalls.list()["firewalls"][0]["status"] == "succeeded"
    assert [row["name"] for row in client.volumes.list()["volumes"]] == ["data"]
    assert daemon.token not in json.dumps(daemon.call("GET", "/_sandbox/requests").body)
