# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack in the guide's shape goes on as the declared app; when that fails, it goes on as it was."""

from __future__ import annotations

import subprocess
import time

from tests.e2e.driver import BIN, http
from tests.load.data.harness import Proof, Row
from tests.load.releases import app
from tests.load.swarm.cluster import Cluster

CONSENT = ("-e", "confirm=proof-staging")
PLACE = "/home/deploy/proof"
# What deploy.sh starts: published ports, a named volume for PostgreSQL, none for Redis.
STACK = """
name: proof
services:
  postgres:
    image: postgres:15
    restart: always
    environment: {POSTGRES_USER: izzzi, POSTGRES_PASSWORD: izzzi, POSTGRES_DB: izzzi}
    ports: ["5432:5432"]
    volumes: ["pgdata:/var/lib/postgresql/data"]
  redis: {image: "redis:8", restart: always, ports: ["6379:6379"]}
  backend:
    image: node:20-slim
    restart: unless-stopped
    depends_on: [postgres, redis]
    ports: ["4000:4000"]
    command: [node, -e, "require('http').createServer((q, s) => s.end('old backend')).listen(4000)"]
  frontend:
    image: node:20-slim
    restart: unless-stopped
    ports: ["3000:3000"]
    command: [node, -e, "require('http').createServer((q, s) => s.end('old frontend')).listen(3000)"]
volumes: {pgdata: {}}
"""
SITE = """server {
    listen 80 default_server;
    location /api { proxy_pass http://localhost:4000; }
    location / { proxy_pass http://localhost:3000; }
}
"""
ROWS = "CREATE TABLE numbered AS SELECT n, now() AS at FROM generate_series(1, 20000) n; SELECT count(*) FROM numbered"
KEYS = "for n in $(seq 25); do docker exec proof-redis-1 redis-cli SET key$n $n >/dev/null; done"


class Old:
    """The stack on its server."""

    def __init__(self, cluster: Cluster):
        self.cluster = cluster
        (self.node,) = cluster.nodes

    def on(self, command: str, text: str = "") -> str:
        return self.cluster.on(self.node, f"sh -c '{command}'", check=False, text=text)

    def start(self) -> None:
        self.on(f"mkdir -p {PLACE}; cat >{PLACE}/docker-compose.yml", STACK)
        self.on("rm /etc/nginx/sites-enabled/proof")  # whoever has the guide's server has never run configure.yml
        self.on(f"cd {PLACE} && docker compose up --detach --wait 2>&1")
        self.on(
            "cat >/etc/nginx/sites-available/izzzi; ln -sf ../sites-available/izzzi /etc/nginx/sites-enabled/", SITE
        )
        self.on("systemctl reload nginx")
        assert self.sql(ROWS).endswith("20000")
        self.on(KEYS)

    def sql(self, text: str) -> str:
        return self.on("docker exec -i proof-postgres-1 psql -qAt -U izzzi -d izzzi", text).strip()

    def problems(self) -> list[str]:
        """Why it is not as it was."""
        seen = {
            "the page": (http(f"http://{self.node.public}/").body, "old frontend"),
            "the API": (http(f"http://{self.node.public}/api").body, "old backend"),
            "PostgreSQL": (self.sql("SHOW server_version_num")[:2], "15"),
            "rows": (self.sql("SELECT count(*) FROM numbered"), "20000"),
            "keys": (self.on("docker exec proof-redis-1 redis-cli DBSIZE").strip(), "25"),
        }
        return [f"{what}: {found!r}" for what, (found, wanted) in seen.items() if found != wanted]


def taken_over(proof: Proof) -> None:
    """The same project name, a newer PostgreSQL; a release that crashes, killed runs, and then the good one."""
    subprocess.run([BIN / "izzzi-sandbox", "images", "postgres:15"], check=True, capture_output=True)
    (folder := proof.cluster.folder / "guide").mkdir()
    data = {"postgres": {"version": 17, "database": "izzzi", "user": "izzzi"}, "redis": {}}
    own = proof.own | {"provision_vpc": {"ip_range": "10.78.0.0/24"}, "app_data_services": data}
    with Cluster(folder, own, environment="staging") as cluster:
        mine, old = Proof(cluster, own, proof.container), Old(cluster)
        old.start()
        mine.rows = proof.rows
        refused(mine, old)
        failing(mine, old, str(app(folder / "bad", kind="crash", number=2)))
        for after in (15, 40):
            killed(mine, old, after)
        good(mine, old)


def refused(proof: Proof, old: Old) -> None:
    row = Row("a guide's stack runs: deploy.yml")
    run = proof.cluster.playbook("playbooks/deploy.yml")
    row.status = run.status
    if run.status == 0 or "take_over.yml" not in run.output:
        row.problems.append(f"exit {run.status} without the verb's name: {run.output[-2000:]}")
    row.problems += old.problems()
    proof.add(row)


def failing(proof: Proof, old: Old, source: str) -> None:
    row = Row("take_over.yml with a release that crashes")
    begun = time.monotonic()
    run = proof.cluster.playbook("playbooks/take_over.yml", *CONSENT, "-e", f"load_source={source}")
    row.status, row.seconds = run.status, time.monotonic() - begun
    row.problems += [] if run.status else ["it ended with 0"]
    row.problems += [f"{problem}; {run.output[-2000:]}" for problem in old.problems()]
    proof.add(row)


def killed(proof: Proof, old: Old, after: float) -> None:
    row = Row(f"take_over.yml killed after {after} s, -e to=undo")
    proof.killed(after, "take_over", *CONSENT)
    proof.timed(row, "take_over", "-e", "to=undo")
    row.problems += old.problems()
    proof.add(row)


def good(proof: Proof, old: Old) -> None:
    row = Row("take_over.yml")
    proof.timed(row, "take_over", *CONSENT)
    row.lost = 20000 - int(old.sql("SELECT count(*) FROM numbered") or 0)
    keys = old.on("izzzi -a proof redis DBSIZE")
    row.problems += [] if keys.strip() == "25" else [f"{keys.strip()} keys"]
    row.problems += [f"{row.lost} rows are lost"] if row.lost else []
    status = http(f"http://{old.node.public}/health", headers={"Host": "load.test"}).status
    row.problems += [] if status == 200 else [f"visitors get {status}"]
    run = proof.cluster.playbook("playbooks/take_over.yml", *CONSENT)
    again = run.total("changed")
    row.problems += [] if run.status == again == 0 else [f"the second run: exit {run.status}, {again} changed"]
    proof.add(row)
