"""A walk through declarations of the cloud, on the sandbox's account in this process."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from .account import Account
from .run import run
from .walk import Ground, Walk

EVERYONE = {"addresses": ["0.0.0.0/0", "::/0"]}


class Cloud(Walk):
    """One environment of a growing and shrinking number of droplets."""

    def __init__(self) -> None:
        super().__init__()
        self.account = Account()
        self.declared: dict[str, Any] = {
            "project": "shop",
            "environment": "staging",
            "region": "fra1",
            "vpc": {"ip_range": "10.66.0.0/16"},
            "firewalls": {"web": {"inbound": [{"protocol": "tcp", "ports": "443", "sources": EVERYONE}]}},
            "droplets": {"app": {"count": 1, "size": "s-1vcpu-1gb", "image": "debian-13-x64"}},
            "prune": True,
        }

    def teardown(self) -> None:
        self.account.close()

    @rule(count=st.integers(0, 3))
    def converge(self, count: int) -> None:
        self.declared["droplets"]["app"]["count"] = count
        foreseen = run(self.account, self.declared, check=True)
        done = run(self.account, self.declared)
        assert done.is_done, done
        assert done.plan == foreseen.plan
        assert len(self.account.all("/droplets")) == count
        assert run(self.account, self.declared, check=True).work == []


GROUND = Ground(machine=Cloud, steps=25, walks=10)
