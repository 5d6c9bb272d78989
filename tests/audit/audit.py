# SPDX-License-Identifier: GPL-3.0-or-later
"""make audit: what auditors say of a converged droplet beside an untouched one. Prints `name: value` lines.

A score counts only while the droplet does its job: after convergence and again after a reboot the list of liveness()
must be green. Exit status 1: something is not alive, a goal is missed, or a finding has no waiver. Times are printed
beside their goals and decide nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from plugins.module_utils._exposure import port_scan  # noqa: E402 - after the path
from tests.audit import docker_checks, readings  # noqa: E402
from tests.audit.droplet import Droplet, read_inventory  # noqa: E402
from tests.audit.readings import Reading  # noqa: E402
from tests.e2e.driver import Run, run_playbook  # noqa: E402

HERE = Path(__file__).parent
CACHE = ROOT / ".cache" / "audit"
INVENTORY = CACHE / "inventory.yaml"
TOOLS = CACHE / "venv"
CERTIFICATES = CACHE / "ca"
SITE = "site.izzzi.test"
# What the three roles install, by hand, in one command after the pending updates: the floor of their time.
BY_HAND = (
    "nftables openssh-server sudo tzdata libpam-pwquality ca-certificates curl git gnupg htop rsync unzip vim-tiny "
    "systemd-timesyncd unattended-upgrades needrestart apt-listchanges fail2ban python3-systemd debsums aide auditd "
    "docker.io nginx logrotate openssl python3"
)
BY_HAND_MORE = {"debian-13-x64": "docker-cli docker-compose docker-buildx"}  # Debian 12 packages no plugins
# Of each the best counts, because the machine below is not equally fast at all times.
FIRST_RUNS = 2
POLICIES = {"debian-13-x64": "Hardened Debian 13 (version 1)"}  # on Debian 12 it asks for what ssh-audit warns of
WAIT_HEALTHY = """for try in $(seq 30); do
  [ "$(docker inspect --format '{{.State.Health.Status}}' web)" = healthy ] && exit
  sleep 1
done
exit 1"""
APT = "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120"


def say(name: str, value: object) -> None:
    print(f"{name}: {value:.2f}" if isinstance(value, float) else f"{name}: {value}", flush=True)


def play(name: str, *arguments: str, log: str = "") -> Run:
    run = run_playbook("-i", str(INVENTORY) if INVENTORY.exists() else "localhost,", str(HERE / name), *arguments)
    (CACHE / f"{log or name}.log").write_text(run.output)
    if run.status:
        raise RuntimeError(f"{name} failed:\n{run.output[-6000:]}")
    return run


def timed_converge(name: str, image: str) -> tuple[float, int]:
    start = time.monotonic()
    run = play("converge.yml", "-e", f"audit_image={image}", log=name)
    seconds = time.monotonic() - start
    say(f"{name}_seconds", seconds)
    say(f"{name}_changed", run.total("changed"))
    return seconds, run.total("changed")


def install_tools() -> None:
    wanted = (HERE / "requirements.txt").read_text()
    stamp = TOOLS / "requirements"
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", TOOLS], check=True)
        command = [TOOLS / "bin/pip", "install", "-q", "--disable-pip-version-check", "-r", HERE / "requirements.txt"]
        subprocess.run(command, check=True)
        stamp.write_text(wanted)


def tool(name: str, *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [TOOLS / "bin" / name, *arguments], input=stdin, capture_output=True, text=True, check=False, timeout=300
    )
    if not done.stdout.strip():
        raise RuntimeError(f"{name} said nothing: {done.stderr[-1000:]}")
    return done.stdout


# -- is the droplet still of use?


def liveness(hardened: Droplet, untouched: Droplet) -> dict[str, bool]:
    """What must hold for a score to count. Every line was broken by some hardening role that scores well."""
    address, private = hardened.address, hardened.private
    untouched.run("cat > /root/ca.pem", ca())
    ask = f"curl -sS --cacert /root/ca.pem --resolve {SITE}:443:{address} --max-time 5 https://{SITE}/ | grep -q alive"
    redirect = (
        f"curl -sS -o /dev/null -w '%{{redirect_url}}' --resolve {SITE}:80:{address} http://{SITE}/ | grep -q ^https:"
    )
    start = "docker run --rm --network audit audit/web:1 "
    return {
        "ssh_login": hardened.ssh("true").returncode == 0,
        "sudo": hardened.ssh("sudo -n true").returncode == 0,
        "root_login_refused": subprocess.run(_root_login(hardened), capture_output=True, check=False).returncode == 255,
        "ip_forwarding": hardened.holds("[ $(cat /proc/sys/net/ipv4/ip_forward) = 1 ]"),
        "container_healthy": hardened.holds(WAIT_HEALTHY),
        "container_reaches_out": hardened.holds(start + "sh -c 'nc -w 5 198.51.100.2 5000 < /dev/null'"),
        "container_reaches_container": hardened.holds(start + "sh -c 'nc -w 5 web 8080 < /dev/null'"),
        "published_on_loopback_answers": hardened.holds("curl -sS --max-time 5 http://127.0.0.1:8080/ | grep -q alive"),
        "site_answers_outside": untouched.holds(ask),
        "plain_http_is_redirected": untouched.holds(redirect),
        "published_on_all_closed_public": not connects(untouched, address, 8090),
        "published_on_all_closed_vpc": not connects(untouched, private, 8090),
        "ssh_closed_to_strangers": not connects(untouched, address, 22),
        "no_failed_unit": not hardened.run("systemctl list-units --failed --plain --no-legend").strip(),
        "live_sshd_is_the_file": hardened.holds("sshd -t && [ $(systemctl show -p ActiveState --value ssh) = active ]"),
    }


def connects(source: Droplet, address: str, port: int) -> bool:
    """Asks with what every droplet has. An error in asking is not a closed port."""
    ask = f"import socket; s = socket.socket(); s.settimeout(3); print(s.connect_ex(('{address}', {port})) == 0)"
    return {"True": True, "False": False}[source.run(f'python3 -c "{ask}"').strip()]


def _root_login(droplet: Droplet) -> list[str]:
    options = ["-oBatchMode=yes", "-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oConnectTimeout=5"]
    return ["ssh", "-i", droplet.key, *options, f"root@{droplet.address}", "true"]


def require_alive(when: str, hardened: Droplet, untouched: Droplet) -> bool:
    found = liveness(hardened, untouched)
    for name, holds in found.items():
        say(f"alive_{when}_{name}", "yes" if holds else "NO")
    return all(found.values())


# -- what do the auditors say?


def install_auditors(droplet: Droplet) -> str:
    """Only now that the times are taken. Returns the version of the SCAP content."""
    return droplet.run("sh -s", (HERE / "auditors.sh").read_text()).strip()


def read_hosts_auditors(droplet: Droplet) -> Reading:
    """Those that look from within."""
    reading = Reading()
    droplet.run("lynis audit system --no-colors --quiet > /dev/null 2>&1 || true", timeout=600)
    report = droplet.run("cat /var/log/lynis-report.dat")
    (CACHE / f"lynis-{droplet.name}.dat").write_text(report)
    reading.add(readings.lynis(report))
    release = droplet.run(". /etc/os-release && echo $VERSION_ID").strip()
    content = f"/root/audit-content/ssg-debian{release}-ds.xml"
    lines = droplet.run(f"sh -s {content}", (HERE / "oscap.sh").read_text())
    (CACHE / f"oscap-{droplet.name}.txt").write_text(lines)
    reading.add(readings.oscap(lines))
    facts = json.loads(droplet.run("python3 -", (HERE / "docker_facts.py").read_text()))
    reading.add(readings.docker(docker_checks.failed(facts), len(docker_checks.CHECKS)))
    reading.add(readings.gixy(tool("gixy", "--format", "json", "-", stdin=droplet.run("nginx -T 2>/dev/null"))))
    return reading


def read_ssh(droplet: Droplet, policy: str | None) -> Reading:
    """Last, because sshd punishes an address that connects and does not log in."""
    scan = tool("ssh-audit", "--skip-rate-test", "--json", droplet.address)
    (CACHE / f"ssh-audit-{droplet.name}.json").write_text(scan)
    reading = readings.ssh_audit(scan)
    if policy:
        time.sleep(2)
        reading.add(readings.ssh_policy(tool("ssh-audit", "--skip-rate-test", "--json", "-P", policy, droplet.address)))
    return reading


def read_tls(hardened: Droplet, untouched: Droplet) -> Reading:
    """testssl.sh from the other droplet, which trusts the audit's CA."""
    untouched.run("rm -f /root/testssl.json && cat > /root/ca.pem", ca())
    options = "--quiet --color 0 --warnings off --add-ca /root/ca.pem --jsonfile /root/testssl.json"
    command = f"testssl {options} --ip {hardened.address} {SITE}:443"
    untouched.run(f"{command} > /root/testssl.log 2>&1 || true", timeout=900)
    report = untouched.run("cat /root/testssl.json")
    (CACHE / "testssl.json").write_text(report)
    return readings.testssl(report)


def ca() -> str:
    return (CERTIFICATES / "ca.pem").read_text()


def open_ports(hardened: Droplet) -> str:
    """From the controller, which is on the allow list: every TCP port that answers."""
    answers = port_scan.tcp({hardened.address: range(1, 65536)}, 6000, 1.3)
    return " ".join(str(probe.port) for probe in sorted(answers))


# -- the run


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--image", default="debian-13-x64")
    arguments.add_argument("--keep", action="store_true", help="leave the droplets running")
    arguments.add_argument(
        "--again",
        action="store_true",
        help="take the droplets that --keep left, apply the roles as they are now, hear the auditors again; "
        "second runs are not made, and their goals therefore missed",
    )
    chosen = arguments.parse_args()
    waivers = yaml.safe_load((HERE / "waivers.yml").read_text())
    if problems := readings.waiver_problems(waivers):
        sys.exit("tests/audit/waivers.yml: " + "; ".join(problems))
    if chosen.again and not INVENTORY.exists():
        sys.exit(f"{INVENTORY} is not there: scripts/audit --keep leaves droplets that can be heard again")
    CACHE.mkdir(parents=True, exist_ok=True)
    install_tools()
    if chosen.again:
        return audit_again(read_inventory(INVENTORY), waivers)
    CERTIFICATES.mkdir(exist_ok=True)
    subprocess.run(["sh", HERE / "certificate.sh", CERTIFICATES, SITE], check=True, capture_output=True)
    try:
        return audit(chosen.image, waivers)
    finally:
        if not chosen.keep:
            play("destroy.yml")
            INVENTORY.unlink(missing_ok=True)


def fresh_droplets(image: str) -> tuple[Droplet, Droplet]:
    for path in (INVENTORY, Path(f"{INVENTORY}.known_hosts")):
        path.unlink(missing_ok=True)
    play("destroy.yml")
    play("create.yml", "-e", f"audit_image={image}", "-e", f"audit_inventory={INVENTORY}")
    droplets = read_inventory(INVENTORY)
    for droplet in droplets.values():
        droplet.wait()
        droplet.run("cloud-init status --wait > /dev/null || true")
    return droplets["hardened"], droplets["untouched"]


def install_by_hand(image: str, droplet: Droplet) -> float:
    start = time.monotonic()
    packages = f"{BY_HAND} {BY_HAND_MORE.get(image, '')}"
    upgrade = APT.replace(" install ", " upgrade ")
    droplet.run(f"apt-get update -qq && {upgrade} > /dev/null && {APT} {packages} > /dev/null", timeout=900)
    say("apt_by_hand_seconds", seconds := time.monotonic() - start)
    return seconds


def audit(image: str, waivers: list[dict]) -> int:
    say("image", image)
    by_hand, first = [], []
    for _ in range(FIRST_RUNS):
        hardened, untouched = fresh_droplets(image)
        by_hand.append(install_by_hand(image, untouched))
        first.append(timed_converge("first_run", image)[0])
    figures: dict[str, object] = {"first_run_to_apt_by_hand": round(min(first) / min(by_hand), 2)}
    say("first_run_to_apt_by_hand", figures["first_run_to_apt_by_hand"])
    start_containers(hardened, untouched)
    figures["second_run_seconds"], figures["second_run_changed"] = timed_converge("second_run", image)
    alive = require_alive("at_once", hardened, untouched)
    hardened.run("systemctl restart docker")
    alive &= require_alive("after_docker_restart", hardened, untouched)
    hardened.reboot()
    alive &= require_alive("after_reboot", hardened, untouched)
    figures["second_run_after_reboot_changed"] = timed_converge("second_run_after_reboot", image)[1]
    return hear_auditors(image, hardened, untouched, waivers, alive, figures)


def audit_again(droplets: dict[str, Droplet], waivers: list[dict]) -> int:
    hardened, untouched = droplets["hardened"], droplets["untouched"]
    release = untouched.run("cut -d . -f 1 /etc/debian_version").strip()
    image = f"debian-{release}-x64"
    say("image", image)
    start_containers(hardened, untouched)
    timed_converge("another_run", image)
    alive = require_alive("at_once", hardened, untouched)
    return hear_auditors(image, hardened, untouched, waivers, alive, {})


def start_containers(hardened: Droplet, untouched: Droplet) -> None:
    hardened.run("sh -s hardened", (HERE / "container.sh").read_text())
    untouched.run("sh -s plain", (HERE / "container.sh").read_text())


def hear_auditors(
    image: str, hardened: Droplet, untouched: Droplet, waivers: list[dict], alive: bool, figures: dict[str, object]
) -> int:
    # It has shown that the firewall closes it; what is audited runs as the docs recommend.
    hardened.run("docker rm --force web-public > /dev/null && systemctl start izzzi-aide.service")

    pair = (untouched, hardened)
    start = time.monotonic()
    with ThreadPoolExecutor() as pool:  # an auditor keeps one processor busy
        content, _same = pool.map(install_auditors, pair)
        tls = pool.submit(read_tls, hardened, untouched)
        both = {
            droplet.name: reading for droplet, reading in zip(pair, pool.map(read_hosts_auditors, pair), strict=True)
        }
        both["hardened"].add(tls.result())
    figures["open_ports"] = open_ports(hardened)
    for droplet in pair:
        both[droplet.name].add(read_ssh(droplet, POLICIES.get(image)))
    both["hardened"].figures |= figures
    say("auditors_seconds", time.monotonic() - start)
    say("oscap_content", f"ssg-debian {content} of Debian sid")
    return conclude(image, both, waivers, alive)


def conclude(image: str, both: dict[str, Reading], waivers: list[dict], alive: bool) -> int:
    for name, reading in both.items():
        for figure, value in reading.figures.items():
            say(f"{name}_{figure}", value)
    hardened = both["hardened"]
    verdict = readings.judge(hardened.findings, waivers, image)
    goals = yaml.safe_load((HERE / "goals.yml").read_text())
    missed = readings.missed(hardened.figures, goals, image)
    (CACHE / "report.json").write_text(
        json.dumps(
            {name: {"figures": r.figures, "findings": [vars(f) for f in r.findings]} for name, r in both.items()},
            indent=1,
        )
    )
    say("waived", len(verdict.waived))
    for finding in verdict.open:
        say("not_waived", f"{finding.tool} {finding.rule} {finding.text}".strip())
    for waiver in verdict.needless:
        say("needless_waiver", waiver)
    for time_and_goal in readings.times(hardened.figures, goals):
        say("time", time_and_goal)
    for goal in missed:
        say("missed", goal)
    say("alive", "yes" if alive else "NO: the scores above do not count")
    return 0 if alive and not missed and not verdict.open else 1


if __name__ == "__main__":
    sys.exit(main())
