# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules as nftables text. Pure: the port program only
puts the droplet's own interfaces in place of `$external`."""

from __future__ import annotations

from collections.abc import Iterable

from .backend import Rule, Ruleset

TABLE = "inet izzzi_cloud"

# After connection tracking (-200) and before Docker's address translation (-100), so that a rule sees the port that the
# sender asked for, whatever the guest makes of it. "owner" keeps the guest's own tools away from the table.
SKELETON = f"""table {TABLE} {{
  flags owner
  chain inbound {{ type filter hook prerouting priority -150; policy accept; }}
  chain outbound {{ type filter hook postrouting priority -150; policy accept; }}
}}
flush chain {TABLE} inbound
flush chain {TABLE} outbound
"""

# Without neighbour discovery IPv6 does not work at all, and no provider filters it.
NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert } accept"

# The metadata service is the hypervisor's, on no network that a firewall guards.
METADATA = "ip daddr 169.254.169.254 tcp dport 80 accept"


def render(ruleset: Ruleset) -> str:
    """The whole table, to be loaded in one transaction. Without a firewall both chains are empty: all is open."""
    if not ruleset.enabled:
        return SKELETON
    chains = (
        ("inbound", "iifname", "saddr", ruleset.inbound),
        ("outbound", "oifname", "daddr", ruleset.outbound),
    )
    return SKELETON + "\n".join(_chain(*chain) for chain in chains) + "\n"


def _chain(name: str, interface: str, side: str, rules: Iterable[Rule]) -> str:
    lines = [
        f"{interface} != $external accept",
        "ct state established,related accept",
        NEIGHBOURS,
        *([METADATA] if name == "outbound" else []),
        *(line for rule in rules for line in _rule(rule, side)),
        "drop",
    ]
    return "\n".join(
        [f"table {TABLE} {{", "  flags owner", f"  chain {name} {{", *(f"    {x}" for x in lines), "  }", "}"]
    )


def _rule(rule: Rule, side: str) -> list[str]:
    lines = []
    for family, protocol in (("ip", "icmp"), ("ip6", "ipv6-icmp")):
        addresses = [a for a in rule.addresses if (":" in a) == (family == "ip6")]
        if not addresses:
            continue
        # A network of length 0 is everybody; nftables takes no such element in a set.
        anyone = any(a.endswith("/0") for a in addresses)
        source = f"meta nfproto {'ipv4' if family == 'ip' else 'ipv6'}"
        if not anyone:
            source = f"{family} {side} {{ {', '.join(dict.fromkeys(addresses))} }}"
        if rule.protocol == "icmp":
            lines.append(f"{source} meta l4proto {protocol} accept")
        else:
            lines.append(f"{source} {rule.protocol} dport {rule.first_port}-{rule.last_port} accept")
    return lines
