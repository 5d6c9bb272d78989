#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: environment
short_description: Make an environment on DigitalOcean what is declared
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Compares a declared environment (VPC, SSH keys, tags, firewalls, droplets, domain) with the account and writes the
    difference, in one pass and in the right order. Firewalls are in place before the first droplet is.
  - There is no state file. Resources are found by names that follow from O(project) and O(environment), and droplets
    must carry the environment's tag C(izzzi:PROJECT:ENVIRONMENT). Nothing else is ever touched.
  - The whole declaration is checked first. Every problem is named in one message, and then nothing is written.
  - One run at a time changes an environment. It holds a lock in the account, an empty project named
    C(izzzi:PROJECT:ENVIRONMENT:lock); another run waits for O(wait_timeout), plans anew, and says for whom it waited.
  - A droplet is powered off or replaced only with consent. O(user_data) and O(ssh_keys) count when a droplet is made.
  - What was made before under the same names, by Terraform or by hand, is adopted. A droplet is taken for the
    environment's when it has the tag or stands in the environment's VPC.
extends_documentation_fragment: [izzzi.infra.spaces, izzzi.infra.api]
options:
  environment:
    description: Which environment of the project.
    type: str
    required: true
    choices: [production, staging, dev]
  region:
    description: The region's slug, in lower case.
    type: str
    required: true
  vpc:
    description: The network of the droplets, C(PROJECT-ENVIRONMENT-vpc).
    type: dict
    required: true
    suboptions:
      ip_range:
        description: An IPv4 network, /16 to /28, private, that overlaps no other VPC of the account. It cannot change.
        type: str
        required: true
      description:
        description: A text for people. When it is not given, what is there stays.
        type: str
      allow_swarm_overlap:
        description:
          - Take a new O(vpc.ip_range) that overlaps 10.0.0.0/16, where Docker Swarm makes its overlay networks unless
            it is given a pool of its own. A VPC that exists is taken as it is.
        type: bool
        default: false
  ssh_keys:
    description:
      - Keys that a new droplet lets in as root. A key that the account has under another name is used as it is.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The key's name on the account, when it is new there.
        type: str
        required: true
      public_key:
        description: The content of the C(.pub) file.
        type: str
        required: true
  firewalls:
    description:
      - Firewalls by short name; the real one is C(PROJECT-ENVIRONMENT-fw-NAME). Each is attached to all droplets of the
        environment by tag. What they allow adds up.
    type: dict
    default: {}
  allow_open_ssh:
    description:
      - Take firewall rules that let the whole world try SSH. Without it they are an error, in a range of ports too.
    type: bool
    default: false
  droplets:
    description:
      - Groups of equal droplets by name. The first is C(PROJECT-ENVIRONMENT-GROUP), the next C(...-2), and so on.
      - "Each has C(size) and C(image) (slugs in lower case, or the id of an own image; required), C(count) (default 1),
        C(groups) (inventory groups that the droplets join, by the tag C(izzzi:PROJECT:ENVIRONMENT:GROUP)), C(tags)
        (more tags), C(monitoring), C(backups) and C(ipv6) (all by default false)."
      - Tags and backups are changed in place, and so is a size with O(allow_resize). IPv6 can be turned on, never off.
        A droplet that is powered off is powered on. Tags of others stay. A tag keeps the spelling in which the account
        has it, since names that differ in case only are one tag.
      - A new image takes a new droplet, which needs O(allow_replace). The monitoring agent cannot be added by the API,
        so a difference there is a warning.
      - A smaller C(count) is an error, unless O(prune) is set.
    type: dict
    default: {}
  do_project:
    description:
      - The DigitalOcean project in which the resources are shown. Without it they stay in the default project.
      - A domain that other environments have records in stays in the project where it is.
      - It is deleted with the environment when it has the name C(PROJECT-ENVIRONMENT) and holds nothing else.
    type: dict
    suboptions:
      id:
        description: The id, or the name, of a project that exists. Use either this or O(do_project.name).
        type: str
        default: ''
      name:
        description: Its name; it is made when it is missing. By default C(PROJECT-ENVIRONMENT).
        type: str
        default: ''
      description:
        description: A text for people. When it is not given, what is there stays.
        type: str
      purpose:
        description: What it is for. A new project's is V(Web Application) by default.
        type: str
      environment:
        description: A new project's follows from O(environment) by default.
        type: str
        choices: [Development, Staging, Production]
  domain:
    description:
      - The domain and its records. It may be shared with other environments, but no name in it.
      - A declared name and type is wholly the environment's. Of other records only those are touched (with O(prune), or
        when the O(state) is V(absent)) that point to its own addresses or that an earlier run made, which a TXT record
        C(_izzzi.PROJECT-ENVIRONMENT) lists. The domain goes with its last record.
    type: dict
    suboptions:
      name:
        description: The domain's name, such as V(example.com).
        type: str
        required: true
      hosts:
        description: Names that get A records to O(domain.target). V(@) is the domain itself.
        type: list
        elements: str
        default: ['@', www, api]
      target:
        description:
          - "What the hosts point to: all droplets of a group of O(droplets), or V(reserved_ip), or V(load_balancer)."
          - When it is not given, the load balancer if there is one, else the reserved IP, else the droplets of the
            group V(app) or of the only group.
        type: str
        default: ''
      ttl:
        description: Seconds that an answer may be kept, of all records that do not say it themselves.
        type: int
        default: 300
      records:
        description: Further records. Several may have one name.
        type: list
        elements: dict
        default: []
        suboptions:
          type:
            description: Its type.
            type: str
            required: true
            choices: [A, AAAA, CNAME, MX, TXT, CAA, SRV, NS]
          name:
            description: Its name in the domain; V(@) is the domain itself.
            type: str
            default: '@'
          data:
            description:
              - What it says. A host's name may be V(@) (the domain), V(mail) (a host in it) or V(mail.example.org); the
                dot at the end is not needed.
            type: str
            default: ''
          target:
            description: Instead of O(domain.records[].data), for A and AAAA records, as O(domain.target).
            type: str
            default: ''
          ttl:
            description: Seconds.
            type: int
          priority:
            description: For MX and SRV.
            type: int
          port:
            description: For SRV.
            type: int
          weight:
            description: For SRV.
            type: int
          flags:
            description: For CAA, by default 0.
            type: int
          tag:
            description: For CAA, by default V(issue).
            type: str
            choices: [issue, issuewild, iodef]
  reserved_ip:
    description:
      - An address that stays when its droplet is replaced. One that is on a droplet of the environment is taken as its
        own, and deleted with it (or by O(prune)). The tag C(izzzi:PROJECT:ENVIRONMENT:ip:ADDRESS) keeps it the
        environment's when it is on no droplet; the next run assigns it again.
    type: dict
    suboptions:
      droplets:
        description: A group of O(droplets); its first droplet gets the address.
        type: str
        required: true
      ip:
        description: One that the account has already. It is never deleted.
        type: str
        default: ''
  load_balancer:
    description:
      - A load balancer, C(PROJECT-ENVIRONMENT-lb), in front of the environment's droplets; $12 a month for each unit.
    type: dict
    suboptions:
      group:
        description: An inventory group whose droplets it is in front of. By default all.
        type: str
        default: ''
      size_unit:
        description: How many nodes it has, 1 to 100.
        type: int
        default: 1
      forwarding_rules:
        description: What goes where. By default TCP ports 80 and 443 to the same ports; TLS then ends at the droplets.
        type: list
        elements: dict
        default: []
        suboptions:
          entry_protocol:
            description: What clients speak.
            type: str
            required: true
            choices: [http, https, http2, http3, tcp, udp]
          entry_port:
            description: Where they come in.
            type: int
            required: true
          target_protocol:
            description: What the droplets speak.
            type: str
            required: true
            choices: [http, https, http2, tcp, udp]
          target_port:
            description: Where they listen.
            type: int
            required: true
          certificate_id:
            description: A certificate of the account, for TLS that ends at the load balancer.
            type: str
            default: ''
          tls_passthrough:
            description: Whether TLS ends at the droplets.
            type: bool
            default: false
      health_check:
        description: How it finds out which droplets can be used.
        type: dict
        suboptions:
          protocol:
            description: How it asks.
            type: str
            choices: [http, https, tcp]
            default: tcp
          port:
            description: Where.
            type: int
            default: 80
          path:
            description: For http and https.
            type: str
            default: ''
          check_interval_seconds:
            description: How often.
            type: int
            default: 10
          response_timeout_seconds:
            description: How long it waits for an answer.
            type: int
            default: 5
          unhealthy_threshold:
            description: How many failures take a droplet out.
            type: int
            default: 3
          healthy_threshold:
            description: How many successes take it in again.
            type: int
            default: 5
      redirect_http_to_https:
        description: Whether HTTP is answered by a redirect.
        type: bool
        default: false
      enable_proxy_protocol:
        description: Whether the droplets are told the client's address by the PROXY protocol.
        type: bool
        default: false
  volumes:
    description:
      - Block volumes by short name, one for each droplet of a group, C(DROPLET-NAME), at $0.10 a month for each GiB.
      - "Each has C(droplets) (a group of O(droplets)) and C(size) in GiB (both required), C(filesystem) (V(ext4), the
        default, V(xfs), or empty for none) and C(description); the last two count when it is made."
      - A volume only grows; its file system is grown on the host. It is kept when it is not declared any more, unless
        both O(prune) (or the O(state) V(absent)) and O(delete_data) say otherwise.
    type: dict
    default: {}
  alerts:
    description:
      - Monitoring alerts by short name, on droplets with C(monitoring).
      - "Each has C(type) (required; V(cpu), V(memory_utilization_percent), V(disk_utilization_percent), V(load_1),
        V(load_5), V(load_15), V(disk_read), V(disk_write), V(public_inbound_bandwidth), and so on), C(compare)
        (V(GreaterThan), the default, or V(LessThan)), C(value) (required), C(window) (V(5m), the default, V(10m),
        V(30m) or V(1h)), C(group) (an inventory group; by default all droplets), C(emails), C(slack_channel) and
        C(enabled)."
    type: dict
    default: {}
  alert_emails:
    description:
      - Who hears of O(alerts) and O(uptime_checks) that name nobody. DigitalOcean writes only to addresses that are
        verified on the account.
    type: list
    elements: str
    default: []
  alert_slack_url:
    description:
      - The webhook of the C(slack_channel) of O(alerts) and O(uptime_checks). A secret; shown as a checksum only.
    type: str
    default: ''
  uptime_checks:
    description:
      - Uptime checks by short name, with their alerts; the real name is C(izzzi PROJECT-ENVIRONMENT NAME), which makes
        them the environment's. $1 a month each.
      - "Each has C(target) (required; a URL, or a host's name for V(ping)), C(type) (V(https), V(http) or V(ping); by
        default what C(target) begins with), C(regions) that it is asked from (V(us_east), V(us_west), V(eu_west),
        V(se_asia), by default all), C(enabled), C(emails), C(slack_channel) and C(alerts)."
      - "C(alerts) is a dictionary by short name, each with C(type) (required), C(threshold) and C(period) (V(2m),
        V(3m), V(5m), the default, V(10m), V(15m), V(30m), V(1h)). C(type) is V(down) (in any region), V(down_global)
        (in all), V(latency) (C(threshold) in milliseconds) or V(ssl_expiry) (C(threshold) in days). By default C(down)
        after 3 minutes, C(slow) above 2000 ms, and for https C(certificate) 14 days before its end."
      - An alert that somebody adds to a check by hand stays, until the check goes.
    type: dict
    default: {}
  spaces:
    description:
      - Spaces buckets by short name; the real one is C(PROJECT-ENVIRONMENT-NAME), and all accounts share these names.
      - "Each has C(acl) (V(private), the default, or V(public-read), which lets anybody list the bucket; objects have
        ACLs of their own), C(versioning), C(lifecycle) and C(cors). What is not given of the last three is left as it
        is."
      - "C(lifecycle) is a list of rules with C(id), C(prefix), C(enabled) and C(expire_days),
        C(expire_old_versions_days) or C(abort_uploads_days). C(cors) is one of rules with C(origins), C(methods),
        C(headers) and C(max_age) in seconds."
      - The subscription to Spaces, $5 a month, is the account's, and not in RV(monthly_cost).
    type: dict
    default: {}
  spaces_region:
    description: Where the buckets are. By default O(region).
    type: str
    default: ''
  spaces_keys:
    description:
      - Access keys for single buckets by short name; the real one is C(PROJECT-ENVIRONMENT-NAME). Each is a dictionary
        of buckets (names in O(spaces)) and what the key may do there, V(read) or V(readwrite). A changed grant is
        changed in place.
      - The API tells a key's secret once, when it is made. It goes into O(vault_file), as C(vault_NAME_access_key)
        and C(vault_NAME_secret_key) (a hyphen becomes an underscore), and is never shown.
      - A key whose id and secret are not in O(vault_file) is deleted and made anew, and the plan says so. What used
        it needs the new one.
      - V(readwrite) may delete objects, and nobody says that it may not delete their old versions.
    type: dict
    default: {}
  vault_file:
    description:
      - The vault-encrypted YAML file on the controller that has the secrets of O(spaces_keys), and is made when it is
        missing. A relative path begins at the playbook's directory.
    type: path
    default: ''
  spaces_keys_held:
    description: Not to be given. The ids of the keys in O(vault_file), which the action plugin reads.
    type: dict
    default: {}
  delete_data:
    description:
      - With O(prune), or when the O(state) is V(absent), delete volumes, and buckets although they hold data. Otherwise
        these are kept.
    type: bool
    default: false
  user_data:
    description:
      - cloud-init's user data for new droplets, at most 64 KiB. Shown as a checksum only.
      - The API does not give it back. A droplet that was made with other user data is therefore not seen as different.
    type: str
    default: ''
  ssh_user:
    description: Who logs in, for RV(outputs.ssh_command).
    type: str
    default: root
  allow_resize:
    description:
      - Consent to power droplets off for a change of their size. It takes some minutes for each, one after the other.
        The disk keeps its size, so that a smaller size stays possible.
    type: bool
    default: false
  allow_replace:
    description:
      - Names of droplets that may be deleted, with their data, and made again, for what cannot be changed otherwise.
    type: list
    elements: str
    default: []
  replace:
    description:
      - Names of droplets that are deleted, with their data, and made again although nothing differs. Each run does it.
    type: list
    elements: str
    default: []
  prune:
    description:
      - Delete what is this environment's and not declared any more, droplets with their data. Without it droplets and
        firewalls too many are an error, and all else is kept and named in the plan with what it costs.
    type: bool
    default: false
  target:
    description:
      - Plan only these and what they need, C(KIND.NAME) or C(KIND), such as C(droplet.app) or C(firewall). Kinds are
        those of RV(plan[].kind), names as they are declared (a group of O(droplets) means all its droplets) or as the
        account has them; a record is called by its host's name.
      - A droplet needs VPC, SSH keys, tags and firewalls; a volume and the reserved IP their droplet; a record its
        domain and what it points to. A droplet that is replaced takes along its reserved IP, volumes and records. All
        else is left out, see RV(left_out).
      - The whole declaration is checked all the same. Not together with O(prune) and with O(state=absent).
    type: list
    elements: str
    default: []
  protect:
    description: Refuse every plan that would delete or replace something, with O(state=absent) too.
    type: bool
    default: false
  fingerprint:
    description:
      - RV(fingerprint) of a plan that was made before. When the declaration or the account have changed since, so that
        the plan is another, the module fails and writes nothing.
    type: str
    default: ''
  state:
    description:
      - V(absent) deletes all that is the environment's. Account SSH keys stay, and so do a VPC that is its region's
        default, which DigitalOcean does not let go, and what holds something of others; the plan names what stays.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds for one API request.
    type: int
    default: 30
  wait_timeout:
    description: Seconds until new droplets are active and have their addresses, and until another run must have ended.
    type: int
    default: 300
attributes:
  action:
    support: full
    description: Secrets of new keys are written on the controller, whatever host the module runs on.
  check_mode:
    support: full
    description: The same plan, from the same reads and checks; nothing is written.
  diff_mode:
    support: full
    description: The fields that change. Never O(user_data).
notes:
  - "A firewall rule is C({protocol: tcp, ports: '80', sources: {...}}), outbound with C(destinations). C(protocol) is
    V(tcp), V(udp) or V(icmp); C(ports) one port, a range (V(8000-9000)) or V(all). A target has C(addresses) (CIDR),
    C(groups) (droplets of these groups) and C(members) (all droplets of the environment). A rule without any target is
    left out. Without C(outbound) everything may go out."
seealso:
  - name: DigitalOcean API
    description: What the module talks to.
    link: https://docs.digitalocean.com/reference/api/
"""

EXAMPLES = r"""
- name: Provision the environment
  izzzi.infra.environment:
    api_token: "{{ lookup('ansible.builtin.env', 'DIGITALOCEAN_TOKEN') }}"
    project: izzzi
    environment: production
    region: fra1
    vpc:
      ip_range: 10.20.0.0/16
    ssh_keys:
      - name: deploy
        public_key: "{{ lookup('ansible.builtin.file', '~/.ssh/id_ed25519.pub') }}"
    firewalls:
      web:
        inbound:
          - {protocol: tcp, ports: "443", sources: {addresses: [0.0.0.0/0, "::/0"]}}
          - {protocol: tcp, ports: all, sources: {members: true}}
    droplets:
      app:
        size: s-2vcpu-4gb
        image: debian-13-x64
        groups: [web]
        monitoring: true
    do_project:
      name: izzzi
    reserved_ip:
      droplets: app
    volumes:
      data: {droplets: app, size: 50}
    alerts:
      cpu: {type: cpu, value: 90}
    alert_emails: [ops@example.com]
    uptime_checks:
      site: {target: https://example.com}
    spaces:
      backups:
        versioning: true
        lifecycle:
          - {id: old, expire_old_versions_days: 30}
      assets:
        acl: public-read
        cors:
          - {origins: ["https://example.com"]}
    spaces_keys:
      backup: {backups: readwrite}
    vault_file: "{{ inventory_dir }}/group_vars/all/vault.yml"
    domain:
      name: example.com
      records:
        - {type: MX, data: mail, priority: 10}
        - {type: A, name: mail, target: app}
        - {type: TXT, data: v=spf1 mx -all}
        - {type: CAA, data: letsencrypt.org}
  delegate_to: localhost
  register: environment

- name: Destroy it again
  izzzi.infra.environment:
    api_token: "{{ lookup('ansible.builtin.env', 'DIGITALOCEAN_TOKEN') }}"
    project: izzzi
    environment: production
    region: fra1
    vpc:
      ip_range: 10.20.0.0/16
    state: absent
  delegate_to: localhost
"""

RETURN = r"""
plan:
  description: What each resource needs, in the order in which it is done.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: V(create), V(update), V(replace), V(delete), V(noop) or V(keep). What has V(keep) is the
        environment's and stays although it is not declared, or although all else is deleted.
      type: str
    kind:
      description: V(vpc), V(ssh_key), V(tag), V(firewall), V(droplet), V(domain), V(record), V(project),
        V(project_resources), V(bucket), V(spaces_key), V(reserved_ip), V(load_balancer), V(volume), V(alert) or
        V(uptime_check).
      type: str
    name:
      description: The resource's name on the account.
      type: str
    changes:
      description: The fields that change, each with C(field), C(before) and C(after).
      type: list
      elements: dict
    monthly_cost:
      description: What it costs each month then, in US dollars.
      type: float
    monthly_cost_delta:
      description: What the change adds to the monthly price, in US dollars.
      type: float
    reason:
      description: Why it stays, for V(keep).
      type: str
    notes:
      description: What comes with it. For a replacement what is lost, what follows and what is to be done then; for a
        new size that the droplet powers off.
      type: list
      elements: str
  sample:
    - action: create
      kind: vpc
      name: izzzi-production-vpc
      changes: [{field: ip_range, before: null, after: 10.20.0.0/16}]
      monthly_cost: 0.0
      monthly_cost_delta: 0.0
      reason: ""
      notes: []
left_out:
  description: What would change too, and is not in the plan because of O(target).
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: As RV(plan[].action).
      type: str
    kind:
      description: As RV(plan[].kind).
      type: str
    name:
      description: The resource's name on the account.
      type: str
  sample: []
monthly_cost:
  description: What the environment costs each month in US dollars, by list prices and without traffic.
  returned: success
  type: dict
  contains:
    before:
      description: As it was found.
      type: float
    after:
      description: When the plan is carried out.
      type: float
  sample: {before: 0.0, after: 24.0}
fingerprint:
  description: What O(fingerprint) takes. It stands for the plan, and for the ids of what exists.
  returned: success
  type: str
  sample: 5f0c7c3a9f6a4a2b
droplets:
  description: The declared droplets that exist. In check mode those to be created are missing.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The droplet's id.
      type: int
    name:
      description: Its name, which is its host name too.
      type: str
    status:
      description: V(active), in check mode possibly V(new).
      type: str
    size:
      description: Its size's slug.
      type: str
    public_ip:
      description: Its public IPv4 address.
      type: str
    private_ip:
      description: Its address in the VPC.
      type: str
    ipv6:
      description: Its IPv6 address; empty when it has none.
      type: str
    groups:
      description: The inventory groups that its tags make it a member of.
      type: list
      elements: str
    tags:
      description: All its tags.
      type: list
      elements: str
    created:
      description: Whether this run made it, or found it still being made.
      type: bool
    created_at:
      description: When it was made.
      type: str
  sample:
    - id: 410000001
      name: izzzi-production-app
      status: active
      size: s-2vcpu-4gb
      public_ip: 203.0.113.10
      private_ip: 10.20.0.2
      ipv6: ''
      groups: [web]
      tags: ["izzzi:izzzi:production", "izzzi:izzzi:production:web"]
      created: true
      created_at: "2026-01-05T10:00:00Z"
outputs:
  description: What later steps and people need.
  returned: success
  type: dict
  contains:
    vpc_id:
      description: The VPC's id; empty when there is none (yet).
      type: str
    vpc_cidr:
      description: The VPC's range; empty when there is none (yet).
      type: str
    firewall_ids:
      description: The firewalls' ids, by the names they have in O(firewalls).
      type: dict
    droplet_id:
      description: The droplets' ids, by name.
      type: dict
    droplet_ip:
      description: Their public addresses, by name.
      type: dict
    droplet_private_ip:
      description: Their addresses in the VPC, by name.
      type: dict
    ssh_command:
      description: How to log in, by the droplet's name.
      type: dict
    project_id:
      description: The DigitalOcean project's id; empty when none is declared or it is not made yet.
      type: str
    domain:
      description: The domain's name; empty when none is declared.
      type: str
    dns_records:
      description: What the declared records say, a list by name and type. Addresses that nobody knows yet are missing.
      type: dict
    reserved_ip:
      description: The reserved IP; empty when there is none (yet).
      type: str
    load_balancer_ip:
      description: The load balancer's address; empty when there is none (yet).
      type: str
    volume_ids:
      description: The volumes' ids, by name.
      type: dict
    uptime_check_ids:
      description: The uptime checks' ids, by the names they have in O(uptime_checks); empty while there is none.
      type: dict
    spaces_buckets:
      description: The declared buckets' URLs, by the names they have in O(spaces).
      type: dict
    spaces_keys:
      description: The ids of the declared Spaces keys, by the names they have in O(spaces_keys); empty while there is
        none.
      type: dict
    monthly_cost:
      description: As RV(monthly_cost.after).
      type: float
  sample:
    vpc_id: 5a4981aa-9653-4bd1-bef5-d6bff52042e4
    vpc_cidr: 10.20.0.0/16
    firewall_ids: {web: 8c2b8b9e-6f0a-4a37-9d3b-0d2d1c1f7a10}
    droplet_id: {izzzi-production-app: 410000001}
    droplet_ip: {izzzi-production-app: 203.0.113.10}
    droplet_private_ip: {izzzi-production-app: 10.20.0.2}
    ssh_command: {izzzi-production-app: ssh deploy@203.0.113.10}
    project_id: 4e1bfbc3-dc3e-41f2-a18f-1b4d7ba71679
    domain: example.com
    reserved_ip: 203.0.113.20
    load_balancer_ip: ""
    volume_ids: {izzzi-production-app-data: 506f78a4-e098-11e5-ad9f-000f53306ae1}
    uptime_check_ids: {site: 4de7ac8b-495b-4884-9a69-1050c6793cd6}
    spaces_buckets: {backups: https://fra1.digitaloceanspaces.com/izzzi-production-backups}
    spaces_keys: {backup: DO00ABCDEFGHIJKLMNOP}
    dns_records: {www.example.com A: [203.0.113.10]}
    monthly_cost: 24.0
api_calls:
  description: How many requests it took.
  returned: success
  type: int
  sample: 5
"""

from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.progress import of_module
from ..module_utils._cloud import arguments, declaration
from ..module_utils._cloud.arguments import ENVIRONMENT, connect
from ..module_utils._cloud.client import ApiError
from ..module_utils._cloud.environment import Environment, converge
from ..module_utils._cloud.environment_lock import EnvironmentLock
from ..module_utils._cloud.names import Names
from ..module_utils._cloud.plan import Problems, diff
from ..module_utils._cloud.resource import Wait
from ..module_utils._cloud.resources import RESOURCES

ARGUMENT_SPEC = {
    **ENVIRONMENT,
    **{option: spec for resource in RESOURCES for option, spec in resource.arguments.items()},
}


def new_secrets(environments: list[Environment]) -> dict[str, dict[str, str]]:
    """Return what the action plugin, which alone sees it, writes into the vault file."""
    found = {name: value for environment in environments for name, value in environment.secrets().items()}
    return {"new_secrets": found} if found else {}


def run(module: AnsibleModule) -> NoReturn:
    """Do the work. The action plugin has a stand-in for AnsibleModule where it is done in its own process."""
    params = module.params
    environments: list[Environment] = []

    def make() -> Environment:
        environments.append(Environment(declared, client))
        return environments[-1]

    try:
        declared, problems = declaration.complete(params, RESOURCES)
        if problems := arguments.problems(params) + problems:
            raise Problems(problems)
        client = connect(params, timeout=params["timeout"])
        lock = EnvironmentLock(client, Names(params["project"], params["environment"]), Wait(params["wait_timeout"]))
        with of_module(module, params["project"]):
            environment, plan = converge(make, lock, fingerprint=params["fingerprint"], check=module.check_mode)
    except (ApiError, Problems) as error:
        module.fail_json(msg=str(error), changed=error.changed, **new_secrets(environments))
    for warning in environment.warnings:
        module.warn(warning)
    result = environment.outcome(plan) | new_secrets(environments)
    if module._diff:
        result["diff"] = diff(plan.work)
    module.exit_json(**result)


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
