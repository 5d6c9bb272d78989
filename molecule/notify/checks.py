# SPDX-License-Identifier: GPL-3.0-or-later
"""What people are told of this host, asked of the receiver: checks.py MESSENGER ..."""

import json
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, "/usr/local/lib/izzzi")
sys.dont_write_bytecode = True
from infra._app import events  # noqa: E402 the host's own copy

RECEIVED, AWAY = Path("/run/received.jsonl"), Path("/run/receiver-away")
SETTINGS, WATCHED = Path("/etc/izzzi/notify/settings.json"), Path("/var/lib/izzzi/notify/watched.json")
MESSENGERS = set(sys.argv[1:])


def run(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def received():
    return [json.loads(line) for line in RECEIVED.read_text().splitlines()] if RECEIVED.exists() else []


def forget():
    RECEIVED.unlink(missing_ok=True)


def until_told(*texts, by=MESSENGERS, seconds=40):
    """Wait until each messenger has one message with all of these texts."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        got = [message["to"] for message in received() if all(text in message["text"] for text in texts)]
        if set(got) >= set(by):
            assert sorted(got) == sorted(by), f"{texts}: told twice to somebody: {got}"
            print(f"told: {texts[0]}")
            return
        time.sleep(0.5)
    raise AssertionError(f"{texts} was told to {got} only. Received: {received()}")


def look():
    run("systemctl", "start", "izzzi-watch.service")


def settled():
    deadline = time.monotonic() + 60
    while events.waiting() and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not events.waiting(), "the spool is not empty"


def set_disk(limit):
    SETTINGS.write_text(json.dumps({**json.loads(SETTINGS.read_text()), "disk": limit}))


def a_release_is_told_to_everybody():
    forget()
    events.record("release_live", "shop", "shop: release r2 is live", detail="34 s, by ada@laptop")
    until_told("shop-production: shop: release r2 is live", "34 s, by ada@laptop")


def a_failure_says_why_and_no_secret():
    why = "Release r3 is not live: prove\nPOSTGRES_PASSWORD=hunter22\nexit code 1"
    events.record("release_failed", "shop", "shop: deploy failed", detail=why, result="failed")
    until_told("shop-production: shop: deploy failed", "exit code 1")
    assert "hunter22" not in RECEIVED.read_text()


def a_burst_is_one_message():
    settled()
    forget()
    for number in range(5):
        events.record("release_live", "shop", f"release b{number} is live")
    until_told("5 messages", "b0", "b4")


def what_is_off_is_told_to_nobody():
    forget()
    events.record("job_failed", "shop", "shop: the job mails failed")
    settled()
    assert not received()


def who_is_away_gets_it_later():
    forget()
    AWAY.write_text("json")
    events.record("release_live", "shop", "shop: release r4 is live")
    until_told("release r4 is live", by=MESSENGERS - {"json"})
    assert len(events.waiting()) == 1
    said = run("journalctl", "--quiet", "--unit=izzzi-notify", "--since=-2min")
    assert "notify_urls[2] (json) answers 503. 1 wait, for 30 s." in said, said
    AWAY.unlink()
    until_told("release r4 is live", seconds=60)
    settled()


def a_test_names_who_did_not_take_it():
    forget()
    AWAY.write_text("json mail")
    answer = json.loads(run("izzzi-notify", "test"))
    assert answer["sent"] == 2, answer
    assert answer["failed"][0] == "notify_urls[2] (json) answers 503.", answer
    assert answer["failed"][1].startswith("notify_urls[3] (mailto) "), answer
    AWAY.unlink()
    assert json.loads(run("izzzi-notify", "test")) == {"sent": 4, "failed": []}


def the_host_is_watched():
    WATCHED.unlink(missing_ok=True)  # what the timer has told before
    forget()
    look()
    until_told("the certificate of shop.example ends in ")
    settled()
    set_disk(1)
    Path("/run/reboot-required").write_text("")
    run("izzzi-backup", "now", "shop", code=1)
    forget()
    look()
    until_told("% full", "an update needs a reboot", "shop: the last backup failed")
    settled()
    forget()
    look()
    time.sleep(5)
    assert not received(), "a state was told twice"
    set_disk(85)
    Path("/run/reboot-required").unlink()
    look()
    until_told("% again", "the reboot that an update needed is done")


def nothing_is_readable_for_others():
    for place in ("/etc/izzzi/notify", "/var/lib/izzzi/events", "/var/lib/izzzi/notify"):
        assert Path(place).stat().st_mode & 0o077 == 0, place
    assert Path("/etc/izzzi/notify/urls.json").stat().st_mode & 0o777 == 0o600
    run("systemctl", "is-active", "izzzi-notify.path")
    run("systemctl", "is-active", "izzzi-watch.timer")
    run("systemctl", "is-enabled", "izzzi-watch.timer")
    run("systemctl", "stop", "izzzi-watch.timer", "izzzi-watch.service")  # from here on, these checks say when it looks


for check in (
    nothing_is_readable_for_others,
    a_release_is_told_to_everybody,
    a_failure_says_why_and_no_secret,
    a_burst_is_one_message,
    what_is_off_is_told_to_nobody,
    who_is_away_gets_it_later,
    a_test_names_who_did_not_take_it,
    the_host_is_watched,
):
    check()
    print(f"ok: {check.__name__.replace('_', ' ')}")
run("systemctl", "start", "izzzi-watch.timer")
