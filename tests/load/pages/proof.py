# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators' page of a real Swarm in a real browser, while a release is rolled out and a node dies.

What a person could say who sees the page alone is asserted, and pictures of it are kept in artifacts/pages. It takes
about ten minutes. Standard output gets a line for each moment.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml
from playwright.sync_api import Error, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.e2e.driver import ARTIFACTS, BIN, ROOT, power
from tests.e2e.test_2_app import CHROMIUM_ARGUMENTS
from tests.load.swarm.cluster import Cluster, Node
from tests.load.swarm.stacks import Ours, Outcome

HERE = Path(__file__).parent
PICTURES = ARTIFACTS / "pages"


class Looker:
    """Somebody who has the page of one node open, and nothing else."""

    def __init__(self, browser, node: Node, password: str, **more):
        login = {"username": "operator", "password": password}
        self.page: Page = browser.new_page(http_credentials=login, **more)
        self._open(f"http://{node.public}:8080/")

    def _open(self, url: str) -> None:
        """Chromium gives up when this machine gets or loses a network, as when droplets come and go."""
        for last in (False, False, True):
            try:
                self.page.goto(url)
                return
            except Error as error:
                if last or "ERR_NETWORK_CHANGED" not in str(error):
                    raise

    def said(self) -> str:
        return self.page.locator("#summary").inner_text()

    def until(self, pattern: str, limit: float) -> float:
        """Return the seconds until the summary says it."""
        begun = time.monotonic()
        while time.monotonic() - begun < limit:
            if re.search(pattern, self.said()):
                return time.monotonic() - begun
            self.page.wait_for_timeout(250)
        raise AssertionError(f"the page does not say {pattern!r} within {limit:.0f} s, but: {self.said()}")

    def keep(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def told(moment: str, words: str) -> None:
    print(f"{moment:<34} {words}", flush=True)


def password(cluster: Cluster) -> str:
    view = [BIN / "ansible-vault", "view", cluster.folder / "vault.yml"]
    text = subprocess.run(view, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return yaml.safe_load(text)["vault_operator_password"]


def used(cluster: Cluster, node: Node, seconds: float = 30) -> float:
    """Return the share of a core that the writer and what it starts take, in per cent. From the ticks of its process,
    since not every guest counts the time of its units."""
    main = "systemctl show --property MainPID --value izzzi-pages.service"
    ask = f"sh -c 'cut -d\" \" -f14-17 /proc/$({main})/stat'"

    def ticks() -> int:
        return sum(map(int, cluster.on(node, ask).split()))

    before = ticks()
    time.sleep(seconds)
    return (ticks() - before) / seconds  # a hundred in a second


def release(ours: Ours, looker: Looker, phone: Looker) -> None:
    ended: list[Outcome] = []
    run = threading.Thread(target=lambda: ended.append(ours.release()))
    run.start()
    seconds = looker.until(r"Release \S+ is being rolled out, in place of \S+: [1-9] of ", 200)
    looker.keep("2-rollout")
    phone.keep("2-rollout-phone")
    text = looker.page.locator("#rollout").inner_text()
    told(f"rollout, after {seconds:.0f} s", " ".join(text.split()))
    new = re.search(r"Release (\S+) is being rolled out", text)[1]
    while run.is_alive():
        looker.page.wait_for_timeout(500)
    assert ended[0].status == 0, ended[0].output[-4000:]
    looker.until(f"All is well: .* release {re.escape(new)}", 30)
    looker.keep("3-released")
    assert re.search(rf"{re.escape(new)}\s+✓ live", looker.page.locator("#releases").inner_text())


def loss(cluster: Cluster, victim: Node, lookers: list[Looker]) -> None:
    power(victim.id, "power_off")
    for looker in lookers:
        told("seconds until the loss is told", f"{looker.until(f'Node {victim.name} does not answer', 90):.0f}")
        card = looker.page.get_by_role("article", name=f"{victim.name}, does not answer").inner_text()
        assert "✕ lost with its node" in card, card
    lookers[0].keep("4-node-lost")
    lookers[1].keep("4-node-lost-phone")
    power(victim.id, "power_on")
    told("seconds until it is back", f"{lookers[0].until('All is well', 200):.0f}")


def closed(cluster: Cluster, node: Node) -> None:
    """Another node, which is no operator's address, gets nothing; nor does an operator without a login."""
    other = next(one for one in cluster.nodes if one != node)
    for port in (8080, 8025):
        asked = f"curl -sS -o /dev/null -m 4 -w '%{{http_code}}' http://{node.public}:{port}/"
        assert cluster.on(other, asked, check=False).strip() in ("", "000"), "a firewall lets a neighbour in"
        done = subprocess.run([*asked.replace("'", "").split()], capture_output=True, text=True, check=True)
        assert done.stdout == "401", done.stdout
    told("closed", "to a neighbour, and without a login")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="without hardening the hosts: the cloud's firewall alone")
    options = parser.parse_args()
    own = yaml.safe_load((HERE.parent / "swarm/vars.yml").read_text()) | yaml.safe_load((HERE / "vars.yml").read_text())
    own |= {"proof_managers": 1, "proof_workers": 2}
    without = ["base"] if options.short else []
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as folder,
        Cluster(Path(folder), own, *without, environment="staging") as cluster,
        sync_playwright() as driver,
    ):
        ours = Ours(cluster)
        first = ours.release()
        assert first.status == 0, first.output[-4000:]
        browser = driver.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        manager, (victim, worker) = cluster.manager(), [node for node in cluster.nodes if not node.is_manager]
        secret = password(cluster)
        looker = Looker(browser, manager, secret, viewport={"width": 1280, "height": 900})
        small = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"}
        phone = Looker(browser, worker, secret, **small)  # a worker asks a manager
        looker.until("All is well", 60)
        looker.page.wait_for_timeout(20_000)  # each node has told of its disk
        looker.keep("1-well")
        told("well", looker.said())
        assert "not known" not in looker.page.locator("#places").inner_text()
        mail = browser.new_page(http_credentials={"username": "operator", "password": secret})
        assert mail.goto(f"http://{worker.public}:8025/").status == 200
        closed(cluster, manager)
        for node in (manager, worker):
            told("per cent of a core", f"{used(cluster, node):.1f} on {node.name}")
        release(ours, looker, phone)
        loss(cluster, victim, [looker, phone])
        browser.close()
    told("pictures", str(PICTURES.relative_to(ROOT)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
