# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases while visitors are there: none of them may notice. The long form is scripts/prove-releases."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from tests.e2e.driver import ROOT, Run, generated_secrets, http, on_droplet, run_playbook
from tests.e2e.visitors import visitors
from tests.load.releases import ground

KEPT = {"vault_backup_password", "vault_backup_access_key", "vault_backup_secret_key"}


def test_no_release_drops_a_request(tmp_path, artifacts):
    quick = json.dumps({"app_soak": 12, "app_drain_timeout": 3, "app_wait_timeout": 12})
    # All kinds of bad releases, and a kill at every step: scripts/prove-releases. A crash: molecule app_compose.
    with ground(tmp_path, 50, "-e", quick) as proof:
        proof.good()
        for kind in ("failing-migration", "500-after-10s"):
            proof.bad(kind, proof.source(kind))
        proof.killed("switch")
        proof.disk_full()
    result = proof.traffic.result
    (artifacts / "releases.log").write_text("\n".join(map(str, [*proof.rows, result])))
    assert {row.what: row.problems for row in proof.rows if row.problems} == {}
    assert result.first_failures == []
    assert result.sent == result.answered > 50 * 60
    assert result.websockets > result.websockets_cut > 0, "open websockets came back to the new release"


def demo(folder: Path, migration: str) -> str:
    """The demo app with one more migration, as an extra variable."""
    shutil.copytree(ROOT / "examples/app", folder, ignore=shutil.ignore_patterns("node_modules", ".next", "dist"))
    (folder / "apps/backend/migrations/0002_more.sql").write_text(migration)
    return json.dumps({"app_source": {"path": str(folder)}})


def health(address: str) -> dict:
    return http(f"http://{address}/api/health").json


def release(address: str) -> str:
    return health(address)["release"]


def public_setting(address: str) -> str:
    """As the browser gets it."""
    script = http(f"http://{address}/").body.partition("window.__SETTINGS__=")[2].partition("</script>")[0]
    return json.loads(script)["NEXT_PUBLIC_SITE_NAME"]


def layers(image: str) -> str:
    """What is in it. Its id covers Compose's labels too, which name the colour."""
    return on_droplet(f"sudo docker image inspect --format '{{{{json .RootFS.Layers}}}}' {image}")


def static_file(address: str) -> str:
    return "/_next/static/" + http(f"http://{address}/").body.partition("/_next/static/")[2].partition('"')[0]


def test_destructive_sql_is_refused_without_consent(address, tmp_path):
    before = release(address)
    drop = "ALTER TABLE notes RENAME COLUMN title TO heading;\n"
    run = run_playbook("playbooks/deploy.yml", "-e", demo(tmp_path / "app", drop))
    assert run.status != 0
    assert "0002_more.sql line 1 renames" in run.output, run.output[-3000:]
    assert "-e app_allow_destructive=true" in run.output
    assert release(address) == before


@pytest.fixture(scope="module")
def rotated(address, tmp_path_factory) -> dict:
    """All secrets, a public setting and the schema change in one release, under the eyes of visitors."""
    before = {"secrets": generated_secrets(), "release": release(address), "static": static_file(address)}
    images = on_droplet("sudo docker ps --filter name=frontend --format '{{.Image}}'").strip()
    before["image"] = layers(images)
    source = demo(tmp_path_factory.mktemp("more") / "app", "ALTER TABLE notes ADD COLUMN colour text;\n")
    setting = json.dumps({"app_env": {"NEXT_PUBLIC_SITE_NAME": "</script> fort & co"}})
    with visitors(address) as answers:
        run = run_playbook("playbooks/rotate_secrets.yml", "-e", source, "-e", setting)
    assert run.status == 0, run.output[-4000:]
    return {**before, "run": run, "answers": answers}


def test_rotation_of_all_secrets_and_a_migration_fail_no_request(rotated):
    assert set(rotated["answers"]) == {200}, rotated["answers"]
    assert rotated["answers"].total() > 200


def test_rotation_changes_every_secret_and_shows_none(rotated):
    old, new = rotated["secrets"], generated_secrets()
    # With another key nobody could read the backups that there are; the bucket's is DigitalOcean's to give.
    assert {name for name in old if old[name] == new[name]} == KEPT
    output = rotated["run"].output
    assert [name for name in old if old[name] in output or new[name] in output] == []


def test_old_passwords_open_nothing(rotated):
    old, new = rotated["secrets"], generated_secrets()
    logins = on_droplet(
        'sudo docker exec izzzi-postgres-1 psql -U izzzi -d izzzi -tAc "SELECT rolname FROM pg_roles WHERE rolcanlogin"'
    ).split()
    owner_and_app = [name for name in logins if name != "izzzi_backup"]  # who reads WAL has a new one at each start
    assert len(owner_and_app) == 2, "the owner, who has no password, and the login of the new one"

    def redis(password: str) -> str:
        command = f"redis-cli --no-auth-warning -a {password} ping"
        return on_droplet(f"sudo docker exec -e REDISCLI_AUTH= izzzi-redis-1 {command} 2>&1 || true")

    assert "PONG" in redis(new["vault_app_redis_password"])
    assert "WRONGPASS" in redis(old["vault_app_redis_password"])


def test_a_secret_is_in_no_image_and_in_no_other_container(rotated):
    new = generated_secrets()
    dump = on_droplet(
        "sudo sh -c 'docker image ls -q --filter reference=izzzi/* | xargs -n1 docker history --no-trunc;"
        " docker inspect $(docker ps -q --filter name=frontend --filter name=mail)'"
    )
    assert "NEXT_PUBLIC_SITE_NAME" in dump
    assert [name for name, value in new.items() if value in dump] == []


def test_the_data_was_backed_up_off_the_host_before_the_migration(rotated, address):
    newest = json.loads(on_droplet("sudo izzzi-backup list izzzi"))["backups"][0]
    assert "release" in newest["tags"]
    assert newest["databases"] == ["izzzi"]


def test_a_public_setting_is_read_at_run_time(rotated, address):
    """Next.js bakes NEXT_PUBLIC_* into images; here the image is the same and the page is not."""
    assert public_setting(address) == "</script> fort & co"
    now = on_droplet("sudo docker ps --filter name=frontend --format '{{.Image}}'").strip()
    assert release(address) in now
    assert layers(now) == rotated["image"]


def test_open_pages_find_the_static_files_of_the_release_before(rotated, address):
    assert rotated["static"].endswith((".js", ".css")), rotated["static"]
    assert http(f"http://{address}{rotated['static']}").status == 200


def play(name: str, *more: str) -> Run:
    run = run_playbook(f"playbooks/{name}.yml", *more)
    assert run.status == 0, run.output[-3000:]
    return run


def test_status_releases_and_logs_tell_what_is_there(rotated, address):
    current = release(address)
    text = play("status").output
    assert f"Release      {current}" in text
    shown = play("status", "-e", "format=json").output
    state, _end = json.JSONDecoder().raw_decode(shown[shown.index("{") :])
    assert {c["service"] for c in state["containers"]} == {"postgres", "redis", "mail", "backend", "frontend"}
    assert state["backup"]["archives"]["postgres"]["broken_since"] is None, "app and backups are one document"
    found = play("status", "-e", '{"jmespath": "containers[?service==\'postgres\'].status | [0]"}').output
    assert '\n"running"\n' in found, found
    assert f'\n"{current}"\n' in play("releases", "-e", "jmespath=[0].id").output
    wrong = run_playbook("playbooks/releases.yml", "-e", "jmespath=[0].")
    assert wrong.status
    assert "releases.yml: jmespath is '[0].', which is no JMESPath expression: it breaks off at its end" in wrong.output
    assert current in play("releases").output
    assert rotated["release"] in play("releases").output
    assert "Nest application successfully started" in play("logs", "-e", "service=backend", "-e", "lines=200").output


def test_a_command_runs_in_the_live_image(rotated, address):
    run = play("run", "-e", "service=backend", "-e", '{"command": "node dist/migrate.js"}')
    assert "the database is up to date" in run.output
    failed = run_playbook("playbooks/run.yml", "-e", "service=backend", "-e", '{"command": "node nowhere.js"}')
    assert failed.status != 0
    assert "nowhere.js" in failed.output
    assert "The command exited with 1." in failed.output


def test_a_closed_app_says_so_and_stays_open_for_the_allowed(rotated, address):
    allowed = json.dumps({"allow": ["127.0.0.0/8"]})
    play("maintenance", "-e", "state=on", "-e", allowed)
    try:
        for accept, said in (("text/html", "Back soon"), ("application/json", '"error": "maintenance"')):
            reply = http(f"http://{address}/", headers={"Accept": accept})
            assert (reply.status, reply.headers.get("Retry-After")) == (503, "300")
            assert said in reply.body
        assert on_droplet("curl -sS -o /dev/null -w '%{http_code}' http://127.0.0.1/api/health") == "200"
    finally:
        play("maintenance", "-e", "state=off")
    assert http(f"http://{address}/").status == 200


def timed(name: str) -> float:
    begun = time.monotonic()
    play(name)
    return time.monotonic() - begun


def test_a_rollback_brings_the_release_before_back_and_fails_no_request(rotated, address):
    with visitors(address) as answers:
        play("rollback", "-e", f"release={rotated['release']}")
    assert release(address) == rotated["release"]
    assert health(address)["checks"] == {"postgres": "ok", "redis": "ok"}, "with today's passwords"
    assert set(answers) == {200}


def test_a_rollback_takes_less_than_ten_seconds(rotated, artifacts):
    """The better of two, forth and back. Here controller and server share two cores with all else that runs: the
    bound grows with what it takes to merely look at the server, three seconds when nothing else runs."""
    look = timed("status")
    seconds = min(timed("rollback"), timed("rollback"))
    (artifacts / "rollback.txt").write_text(f"rollback_seconds: {seconds:.1f}\nstatus_seconds: {look:.1f}\n")
    assert seconds < max(10, 4 * look)
