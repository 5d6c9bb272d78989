# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a release, in their order. Each notes its name first, so that a killed run can be undone or finished."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._app import release as manifests
from .._app.app import build_env_files
from .._app.build_log import BUILD_LOGS, BuildLog
from .._app.images import logged_in, pull
from .._app.probe import edge_probes, own_probes
from .._app.program import CommandError, run
from .._app.release import Manifest, ReleaseError
from .._app.service_rules import starts_after_switch
from .._app.sql_lint import lint
from .colours import COLOURS, ColouredApp, other
from .containers import RUNNING, culprit, ended, running, stopped, surplus, trouble, unhealthy, waiting
from .data_change import together
from .drain import count_connections, drain
from .files import colour_files, write_files
from .hand_over import at_start, stop, stop_old
from .postgres import close_owner, create_login, drop_logins, list_logins, login_name
from .project import Compose, discard
from .redis import LIST, add, digest, failure, keep_only, known
from .transaction import Transaction, hands_over, live_drift, undeclared

UNHEALTHY_GRACE = 20.0  # Docker may be wrong on a busy host, where each of its checks starts a program


def begin(t: Transaction, release: str, kind: str) -> dict[str, Any]:
    """Opens the transaction: from here on a killed run is undone by the next one."""
    before = {name: t.edge._read(name) for name in ("http.conf", "server.conf")} if t.edge else {}
    t.journal = {}
    for directory in ("releases", "backups"):
        (t.app.directory / directory).mkdir(mode=0o755, parents=True, exist_ok=True)
    for partial in (t.app.directory / "backups").glob("*.partial"):
        partial.unlink(missing_ok=True)  # of a run that was killed while it dumped
    t.note(release=release, colour=t.next_colour, kind=kind, step="begin", edge=before, started=t.clock())
    t.note(first_port=t.app.first_port)
    if kind == "deploy" and (release not in t.releases or t.releases[release].state != manifests.GOOD):
        t.app.release_directory(release).mkdir(mode=0o755, exist_ok=True)
        t.releases[release] = Manifest(
            release,
            t.options.source,
            t.fingerprint,
            services=dict(t.app.services),
            env=dict(t.app.env),
            data_services=dict(t.app.data_services),
            volumes=dict(t.app.volumes),
        )
        t.update()
    return {"changed": True}


def files(t: Transaction) -> dict[str, Any]:
    """The candidate's Compose file and environment."""
    t.note(step="files")
    write_files(colour_files(t, t.release, t.colour))
    return {"changed": True}


def review(t: Transaction) -> dict[str, Any]:
    """Notes the source's migrations, and refuses new destructive ones without consent."""
    t.note(step="review")
    source = t.app.release_directory(t.release) / "source"
    if t.app.built:
        (source / ".complete").touch()
    paths = sorted({path for pattern in t.options.migrations for path in source.glob(pattern)})
    names = [str(path.relative_to(source)) for path in paths]
    known = set(t.live.migrations) if t.live else set()
    new = [(name, path) for name, path in zip(names, paths, strict=True) if name not in known]
    found = [
        f"{name} {finding}"
        for name, path in new
        for finding in lint(path.read_text(encoding="utf-8", errors="replace"))
    ]
    t.update(migrations=names, destructive=found if t.live else [])
    if found and t.live and not t.options.allow_destructive:
        raise ReleaseError(
            "New migrations may break the release that is live, and going back to it:\n  "
            + "\n  ".join(found)
            + "\nSplit the change (add, move the data, remove in a later release), or consent:"
            " -e app_compose_allow_destructive=true. A comment `-- izzzi: compatible` accepts one statement."
        )
    t.note(new_migrations=[name for name, _path in new])
    return {"changed": False, "new_migrations": t.journal["new_migrations"], "destructive": found}


def build(t: Transaction) -> dict[str, Any]:
    """Images under one name: <project>/<service>:<release>, built or pulled."""
    t.note(step="build")
    for path, text in build_env_files(t.app, t.release).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if here := [name for name in t.app.built if name not in t.options.images]:
        log = BuildLog(t.app.directory / BUILD_LOGS, t.release, [str(value) for value in t.app.secrets.values()])
        log.start().run(t.compose(t.colour).command("build", *here), t.options.build_timeout)
    elsewhere = {name: t.app.declared_image(s, t.release) for name, s in t.app.services.items() if "build" not in s} | {
        **t.options.images
    }
    with logged_in(t.options.registry, t.options.registry_username, t.options.registry_password) as docker:
        for reference in sorted({*elsewhere.values()}):
            names = [name for name in elsewhere if elsewhere[name] == reference]
            pull_and_tag(t, docker, reference, names)
    images = {}
    for name in t.app.services:
        images[name] = run(["docker", "image", "inspect", "--format", "{{.Id}}", t.app.image(name, t.release)]).strip()
    t.update(images=images)
    return {"changed": True, "images": images}


def pull_and_tag(t: Transaction, docker: list[str], reference: str, services: list[str]) -> None:
    """Under the release's own names alone, so that it goes with the release; an image that was there before stays."""
    pulled = not is_image(reference)
    if pulled:
        pull(reference, services, docker, t.options.build_timeout)
    for service in services:
        run(["docker", "image", "tag", reference, t.app.image(service, t.release)])
    if pulled:
        run(["docker", "image", "rm", reference])


def is_image(reference: str) -> bool:
    try:
        run(["docker", "image", "inspect", "--format", "{{.Id}}", reference])
    except CommandError:
        return False
    return True


def ensure_networks(t: Transaction) -> None:
    """Both colours' networks. They have the labels that Compose gives, so that they are found like containers; what is
    there already is taken, whoever made it: something of the app may be in it."""
    there = run(["docker", "network", "ls", "--format", "{{.Name}}"]).split()
    for colour in COLOURS:
        name = t.app.colour_project(colour)
        labels = [f"com.docker.compose.project={name}", "com.docker.compose.network=default"]
        if name not in there:
            run(["docker", "network", "create", *(f"--label={label}" for label in labels), name])


def up(t: Transaction, compose: Compose, wanted: dict[str, int]) -> None:
    with culprit_named(compose, wanted):
        compose.up("--pull", "missing", timeout=t.options.build_timeout)
    gate(t, compose, wanted)


@contextlib.contextmanager
def culprit_named(compose: Compose, wanted: Mapping[str, int]) -> Iterator[None]:
    """Compose waits for `depends_on` and then names a container, or nothing when its time is over."""
    try:
        yield
    except CommandError as error:
        if not (found := culprit(compose.containers(), wanted)):
            raise
        service, why = found
        raise ReleaseError(f"{service}: {why}.\n{error}", service) from error


def gate(t: Transaction, compose: Compose, wanted: dict[str, int]) -> None:
    """Waits until Docker calls all services healthy; gives up at once when one cannot get so."""
    deadline = time.monotonic() + t.options.wait_timeout
    ill_since: dict[str, float] = {}
    while missing := waiting(containers := compose.containers(), wanted):
        for service, why in trouble(c for c in containers if c.service in missing).items():
            raise ReleaseError(f"{service}: {why}.", service)
        now = time.monotonic()
        ill_since = {service: ill_since.get(service, now) for service in unhealthy(containers)}
        for service, since in ill_since.items():
            if now - since > UNHEALTHY_GRACE:
                raise ReleaseError(f"{service}: its health check fails.", service)
        if now > deadline:
            service, why = next(iter(missing.items()))
            raise ReleaseError(f"{service} did not get healthy within {t.options.wait_timeout:.0f} s: {why}.", service)
        t.sleep(0.25)


def require_up(t: Transaction, restarts: Mapping[str, int]) -> None:
    """Raises ReleaseError when one of these containers of data services, with their restarts so far, has ended."""
    for service, why in ended(t.data.containers(), restarts).items() if restarts else ():
        raise ReleaseError(f"{service}: {why}.", service)


def psql(t: Transaction, sql: str) -> str:
    """Over the container's own socket, the statements on standard input: no argument list shows them."""
    d = t.database
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    where = [f"--username={d.user}", f"--dbname={d.name}"]
    return run(["docker", "exec", "--interactive", t.data.container_of(d.service), *command, *where], stdin=sql)


def ensure_login(t: Transaction) -> bool:
    """A login for the declared password. Others stay until their release is drained."""
    if not t.database:
        return False
    login = login_name(t.database.user, t.options.database_password)
    if login in psql(t, list_logins(t.database.user)).split():
        return False
    psql(t, create_login(t.database.user, login, t.options.database_password))
    return True


def redis_cli(t: Transaction, commands: str) -> str:
    """The owner's password is the container's REDISCLI_AUTH."""
    service = t.options.redis["service"]
    answer = run(["docker", "exec", "--interactive", t.data.container_of(service), "redis-cli"], stdin=commands)
    if complaint := failure(answer):
        raise ReleaseError(f"{service}: {complaint}", service)
    return answer


def ensure_redis_password(t: Transaction) -> bool:
    """The declared password beside the others, which stay until their release is drained."""
    if not t.options.redis or digest(t.options.redis_password) in known(redis_cli(t, LIST)):
        return False
    redis_cli(t, add(t.options.redis_password))
    return True


def backup(t: Transaction) -> dict[str, Any]:
    """A dump before new migrations, kept a few deep."""
    t.note(step="backup")
    if not t.database or not t.journal.get("new_migrations", True) or not t.options.release_command:
        return {"changed": False}
    d = t.database
    folder = t.app.directory / "backups"
    path = folder / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(t.clock()))}-{t.release}.dump"
    partial = path.with_suffix(".partial")
    try:
        partial.touch(mode=0o600)
        with partial.open("w", encoding="utf-8") as file:
            dump = ["pg_dump", "--format=custom", f"--username={d.user}", d.name]
            run(["docker", "exec", t.data.container_of(d.service), *dump], timeout=t.options.build_timeout, stdout=file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    for old in sorted(folder.glob("*.dump"))[: -t.options.keep_backups]:
        old.unlink()
    return {"changed": True, "path": str(path)}


def migrate(t: Transaction) -> dict[str, Any]:
    """The release command, once, from the new image, with a time limit."""
    t.note(step="migrate")
    command = t.options.release_command
    if not command:
        return {"changed": False}
    name = f"{t.app.project}-release-command"
    limit = float(command.get("timeout") or 600)
    try:
        output = t.compose(t.colour)(
            *("run", "--rm", "--no-deps", "--no-TTY", "--name", name, command["service"], *command["command"]),
            timeout=limit,
        )
    except CommandError as error:
        remove_container(name)
        raise ReleaseError(f"The release command failed. {error}") from error
    return {"changed": True, "output": output}


def remove_container(name: str) -> None:
    with contextlib.suppress(CommandError):  # none of that name
        run(["docker", "container", "rm", "--force", "--volumes", name])


def unproven(t: Transaction) -> dict[str, int]:
    """Whose health Docker must confirm. Of a release that was live before the role's own checks are proof enough; the
    next of Docker's may be far off."""
    services, later = t.app.services, starts_after_switch(t.app.services)
    return {
        name: replicas
        for name, replicas in t.app.replicas.items()
        if name not in later
        and (t.journal["kind"] == "deploy" or not (services[name].get("checks") and services[name].get("port")))
    }


def start(t: Transaction) -> dict[str, Any]:
    """The candidate's containers, until each answers at its own port and Docker calls them healthy."""
    t.note(step="start")
    compose = t.compose(t.colour)
    bring_up(t, compose, at_start(t), "--remove-orphans")
    if t.journal["kind"] == "rollback":
        offer(t)  # meanwhile: it will most likely come up, as it did before
    probes = list(own_probes(t.app.services, t.app.ports(t.colour), t.release))
    t.watch.until_met(probes, timeout=t.options.wait_timeout, in_a_row=1, alive=alive(t))
    t.note(answers=time.monotonic())
    gate(t, compose, unproven(t))
    copy_assets(t)
    return {"changed": True}


def bring_up(t: Transaction, compose: Compose, names: list[str], *options: str) -> None:
    """Starts these services of a colour. Some of them alone are named, and start without what they depend on."""
    some = [] if len(names) == len(t.app.services) else ["--no-deps", *names]
    if names:
        wanted = {name: replicas for name, replicas in t.app.replicas.items() if name in names}
        with culprit_named(compose, wanted):
            compose.up("--pull", "never", *options, *some, timeout=t.options.wait_timeout)


def alive(t: Transaction) -> Callable[[], None]:
    def look() -> None:
        for service, why in trouble(t.compose(t.colour).containers()).items():
            raise ReleaseError(f"{service}: {why}.", service)

    return look


def copy_assets(t: Transaction) -> None:
    """Static files out of the image, so that pages of this release still find them when it is no longer live."""
    compose = t.compose(t.colour)
    for name, service in t.app.services.items():
        for prefix, path in (service.get("assets") or {}).items():
            target = t.app.release_directory(t.release) / "assets" / prefix.strip("/")
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                run(["docker", "container", "cp", f"{compose.container_of(name)}:{path}", str(target)])
                run(["chmod", "-R", "u=rwX,go=rX", str(target)])


def offer(t: Transaction) -> None:
    """The way to the candidate that only this run knows."""
    if t.edge:
        t.edge.switch(t.edge_files(t.live_ports(), t.live.id if t.live else "", t.app.ports(t.colour)))


def prove(t: Transaction) -> dict[str, Any]:
    """Asks the candidate through the site that visitors use, on a way only this run knows, and keeps watching it."""
    t.note(step="prove")
    ports = t.app.ports(t.colour)
    probes = list(own_probes(t.app.services, ports, t.release))
    if t.edge:
        offer(t)
        probes = list(edge_probes(t.app.services, ports, t.release, t.edge_address))
        t.watch.until_met(probes, timeout=t.options.wait_timeout, in_a_row=2, alive=alive(t))
    # With nothing live there is nobody to protect: the first release is shown at once. One that is gone back to has
    # served visitors before, and is wanted quickly.
    since = time.monotonic() - t.journal["answers"]
    if t.live and t.journal["kind"] == "deploy" and since < t.options.soak:
        t.watch.stays_met(probes, seconds=t.options.soak - since, interval=0.5, alive=alive(t))
    require_up(t, t.journal.get("data") or {})
    return {"changed": False}


def switch(t: Transaction) -> dict[str, Any]:
    """Moves all visitors to the candidate at once, and proves that it is the one who answers."""
    t.note(step="switch")
    if t.edge:
        ports = t.app.ports(t.colour)
        t.edge.switch(t.edge_files(ports, t.release))
        probes = list(edge_probes(t.app.services, ports, t.release, t.edge_address))
        t.watch.until_met(probes, timeout=30, in_a_row=3, alive=alive(t))
    return {"changed": True, "seconds": round(t.clock() - t.journal["started"], 1)}


def hand_over(t: Transaction) -> dict[str, Any]:
    """What must not run twice: the old one has stopped, then the new one starts and must stay well for a while."""
    if not hands_over(t):
        return {"changed": False}
    t.note(step="hand_over")
    stop_old(t)
    names = starts_after_switch(t.app.services)
    compose = t.compose(t.colour)
    bring_up(t, compose, names)
    gate(t, compose, {name: t.app.replicas[name] for name in names})
    if names and t.live and t.journal["kind"] == "deploy":
        t.watch.stays_met([], seconds=t.options.soak, interval=0.5, alive=alive(t))
    return {"changed": True, "started": names}


def drain_colour(t: Transaction, ports: dict[str, list[int]], deadline: float) -> dict[str, Any]:
    numbers = [port for mine in ports.values() for port in mine]
    result = drain(
        lambda: count_connections(run(["ss", "-Htn", "state", "established"]), numbers),
        deadline=deadline,
        interval=0.25,
        clock=time.monotonic,
        sleep=t.sleep,
    )
    return {"seconds": round(result.seconds, 1), "cut": result.cut}


def drain_old(t: Transaction) -> dict[str, Any]:
    """Lets the old colour finish what it has begun, then stops it. Its containers stay for a rollback."""
    t.note(step="drain")
    if not t.live:
        return {"changed": False, "cut": 0, "seconds": 0}
    result = drain_colour(t, t.live_ports(), t.options.drain_timeout)
    old = t.compose(t.live.colour)
    if ids := [c.id for c in old.containers() if c.status == "running"]:
        run(["docker", "container", "stop", *ids], timeout=300)
    return {"changed": True, **result}


def commit(t: Transaction) -> dict[str, Any]:
    """Makes it the release that the host remembers, and removes what no longer counts."""
    result = settle(t)
    tidy(t)
    return result


def settle(t: Transaction) -> dict[str, Any]:
    """Makes it the release that the host remembers."""
    t.note(step="commit")
    t.update(state=manifests.GOOD, colour=t.colour, first_port=t.app.first_port, live_at=t.clock(), reason="")
    link = t.app.directory / ".current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(f"releases/{t.release}")
    link.replace(t.app.directory / "current")
    t.live = t.manifest
    t.forget_data_before()
    seconds = round(t.clock() - t.journal["started"], 1)
    t.forget()
    return {"changed": True, "seconds": seconds}


def tidy(t: Transaction) -> None:
    """Old releases, old passwords and their logins, containers from before there were colours."""
    if t.database:
        user = t.database.user
        login = login_name(user, t.options.database_password)
        logins = psql(t, close_owner(user) + list_logins(user)).split()
        if old := [name for name in logins if name != login]:
            psql(t, drop_logins(old, user))
    if t.options.redis:
        passwords = [t.owner_password("redis"), t.options.redis_password]
        if known(redis_cli(t, LIST)) != {digest(password) for password in passwords}:
            redis_cli(t, keep_only(passwords))
    drop_undeclared(t)
    releases, forgotten = manifests.to_prune(t.releases, t.live.id, t.options.keep_releases)
    for id in [*releases, *forgotten, *unknown_releases(t)]:
        remove_images(t, id)
        shutil.rmtree(t.app.release_directory(id), ignore_errors=True)


def drop_undeclared(t: Transaction) -> None:
    """Removes data services that are declared no more, and their own network with the last of them. Volumes stay."""
    if leftover := [id for ids in undeclared(t).values() for id in ids]:
        run(["docker", "container", "stop", *leftover], timeout=300)
        run(["docker", "container", "rm", "--force", *leftover])
    if not t.app.data_services:
        for name in ("compose.yml", ".env"):
            (t.data.directory / name).unlink(missing_ok=True)
        t.data.remove_networks(keep=[t.app.colour_project(colour) for colour in COLOURS])


def unknown_releases(t: Transaction) -> list[str]:
    """Directories of releases whose manifest is damaged or gone."""
    return [path.name for path in (t.app.directory / "releases").iterdir() if path.name not in t.releases]


def remove_images(t: Transaction, release: str) -> None:
    """Removes the release's names of images, and the stopped containers that were made from them by these names: those
    of a release that shares the image stay. Docker keeps the layers that others use."""
    listed = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
    names = run([*listed, "--filter", f"reference={t.app.project}/*:{release}"]).split()
    found = [c for colour in COLOURS for c in t.compose(colour).containers()] if names else []
    with contextlib.suppress(CommandError):  # one of them may be gone by now
        discard([c for c in found if c.image_name in names and c.status not in RUNNING])
    for name in names:
        with contextlib.suppress(CommandError):
            run(["docker", "image", "rm", name])


def repair(t: Transaction) -> dict[str, Any]:
    """Brings the live release back to what it should be, without a new one."""
    reasons = live_drift(t)
    stop(t, other(t.live.colour), running(t.compose(other(t.live.colour)).containers()))
    t.app = replace(t.app, first_port=t.live.first_port or t.app.first_port)
    if reasons:
        write_files(colour_files(t, t.live.id, t.live.colour))
        # What runs is left alone also when its files had to be written anew.
        keep_up(t, t.app)
        drop_undeclared(t)
        if t.edge:
            t.edge.switch(t.edge_files(t.live_ports(), t.live.id))
    if t.edge:
        probes = list(edge_probes(t.app.services, t.live_ports(), t.live.id, t.edge_address))
        t.watch.until_met(probes, timeout=t.options.wait_timeout, in_a_row=1, alive=lambda: None)
    return {"changed": bool(reasons), "reasons": reasons}


def keep_up(t: Transaction, app: ColouredApp) -> None:
    """The live colour as it was: by the engine where its containers are there, from its files otherwise."""
    compose, wanted = t.compose(t.live.colour), app.replicas

    def differs() -> bool:
        found = compose.containers()
        return bool(stopped(found, wanted) or surplus(found, wanted))

    if not differs():
        return
    with contextlib.suppress(CommandError):  # a network or an image of theirs may be gone: then they are made anew
        compose.trim(wanted)
        compose.start(wanted)
    if differs():
        if t.live.fingerprint:  # otherwise it is known from its containers alone, and its files are all there is
            write_files(colour_files(t, t.live.id, t.live.colour, app))
        ensure_networks(t)
        compose.up("--pull", "never", timeout=t.options.wait_timeout)
    gate(t, compose, wanted)


def use_release(t: Transaction, manifest: Manifest) -> None:
    """From here on the app is what a kept release declared. Data services are as today, or as the live one knew; those
    that only the kept release had come back to their volumes."""
    kept = t.live or manifest
    t.app = replace(
        t.app,
        services=manifest.services,
        env=manifest.env,
        volumes={**manifest.volumes, **(t.app.volumes or kept.volumes)},
    )
    data_services = together(t.app, manifest.data_services, t.app.data_services or kept.data_services)
    t.app = replace(t.app, data_services=data_services)
