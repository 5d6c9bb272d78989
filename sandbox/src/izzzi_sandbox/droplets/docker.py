"""Droplets as systemd containers.

A droplet is two containers. The port holds the network namespace (public network and VPC) and enforces the cloud
firewall in it; the machine joins that namespace. Every power-on restarts the port first: the namespace is new, as after
a real boot, and guarded before the guest can send or receive a packet. When a droplet is off its port is off too, so
nothing answers.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from ..archive import archive
from ..images import ImageError, Kitchen, droplet_image, port_image
from ..settings import Settings
from . import confinement, network, nft, seed
from .backend import BackendError, DropletSpec, LoadBalancerSpec, Ruleset, VolumeSpec

LABEL = "izzzi.sandbox"
ID_LABEL = "izzzi.sandbox.droplet"  # only machines carry it, not their ports
GUEST_REBOOTED = "129"  # the kernel ends a container's init with SIGHUP for reboot(2), with SIGINT for power-off
SHUTDOWN_SECONDS = 30
log = logging.getLogger(__name__)


def port_name(id: int) -> str:
    return f"izzzi-sandbox-port-{id}"


def machine_name(id: int) -> str:
    return f"izzzi-sandbox-droplet-{id}"


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Turns the engine's errors into one sentence that an API client may see."""
    try:
        yield
    except (APIError, ImageError) as error:
        raise BackendError(f"{what}: {getattr(error, 'explanation', None) or error}") from error
    except DockerException as error:
        raise BackendError(f"{what}: the Docker engine does not answer ({error})") from error


class DockerBackend:
    gateway = network.PUBLIC_GATEWAY
    ipv6_network = ""  # the public network has none

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = docker.from_env(timeout=120)
        self._busy: set[int] = set()  # droplets whose power we change ourselves: their exits are no news
        self._lock = threading.Lock()
        self._events = None

    # -- watching

    def start(self, on_guest_power: Callable[[int, str], None], describe: Callable[[int], DropletSpec | None]) -> None:
        with engine_errors("the public network cannot be made"):
            network.ensure_public(self._client)
        self._events = self._client.events(decode=True, filters={"event": "die", "label": ID_LABEL})
        threading.Thread(target=self._watch, args=(on_guest_power,), name="guests", daemon=True).start()

    def stop(self) -> None:
        if self._events:
            self._events.close()

    def _watch(self, on_guest_power: Callable[[int, str], None]) -> None:
        for event in self._events:
            attributes = event["Actor"]["Attributes"]
            id = int(attributes[ID_LABEL])
            with self._lock:
                ours = id in self._busy
            if ours:
                continue
            try:
                if attributes.get("exitCode") == GUEST_REBOOTED:
                    with self._power_change(id):
                        self._boot(id, None)
                    on_guest_power(id, "active")
                else:
                    with self._power_change(id):
                        self._port(id).kill()
                    on_guest_power(id, "off")
            except (BackendError, DockerException):
                log.exception("droplet %s changed its power state and cannot be followed", id)

    @contextmanager
    def _power_change(self, id: int) -> Iterator[None]:
        with self._lock:
            self._busy.add(id)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(id)

    # -- networks

    def create_vpc(self, vpc_id: str, ip_range: str) -> None:
        with engine_errors(f"the VPC's network {ip_range} cannot be made"):
            network.ensure_vpc(self._client, vpc_id, ip_range)

    def delete_vpc(self, vpc_id: str) -> None:
        network.remove(self._client, network.vpc_network(vpc_id))

    # -- life of a droplet

    def create(self, spec: DropletSpec, rules: Ruleset) -> None:
        self.destroy(spec.id)  # what an interrupted create left
        with engine_errors(f"droplet {spec.name} cannot be created"), self._power_change(spec.id):
            self._create_port(spec)
            self._create_machine(spec)
            self._boot(spec.id, rules)

    def _create_port(self, spec: DropletSpec) -> None:
        addresses = {network.PUBLIC: spec.public_ip, network.vpc_network(spec.vpc_id): spec.private_ip}
        container = self._client.containers.create(
            port_image(Kitchen(log.info)),
            name=port_name(spec.id),
            hostname=spec.name,
            labels={LABEL: "1"},
            cap_add=["NET_ADMIN"],
            environment={"IZZZI_PORT_ADDRESSES": " ".join(addresses.values())},
            network=network.PUBLIC,
            networking_config={
                network.PUBLIC: self._client.api.create_endpoint_config(ipv4_address=spec.public_ip),
            },
        )
        private = network.vpc_network(spec.vpc_id)
        self._client.networks.get(private).connect(container, ipv4_address=spec.private_ip)

    def _create_machine(self, spec: DropletSpec) -> None:
        image = droplet_image(Kitchen(log.info), spec.image)
        self._client.api.create_container(
            image,
            name=machine_name(spec.id),
            labels={LABEL: "1", ID_LABEL: str(spec.id)},
            environment=confinement.environment(self._client),
            stop_signal="SIGRTMIN+3",
            host_config=confinement.host_config(
                self._client,
                image,
                network_mode=f"container:{port_name(spec.id)}",
                # overlayfs cannot lie on overlayfs, so the guest's Docker needs a real file system.
                binds={machine_name(spec.id): {"bind": "/var/lib/docker"}},
                **confinement.limits(spec.vcpus, spec.memory_mb),
            ),
        )
        self._machine(spec.id).put_archive("/", archive(seed.files(spec, confinement.resolvers())))

    def power_on(self, id: int, rules: Ruleset) -> None:
        with engine_errors(f"droplet {id} cannot be powered on"), self._power_change(id):
            self._boot(id, rules)

    def power_off(self, id: int) -> None:
        with engine_errors(f"droplet {id} cannot be powered off"), self._power_change(id):
            self._kill(self._machine(id))
            self._kill(self._port(id))

    def shutdown(self, id: int) -> None:
        with engine_errors(f"droplet {id} cannot be shut down"), self._power_change(id):
            self._machine(id).stop(timeout=SHUTDOWN_SECONDS)
            self._kill(self._port(id))

    def resize(self, id: int, vcpus: int, memory_mb: int) -> None:
        with engine_errors(f"droplet {id} cannot be resized"):
            self._client.api.update_container(machine_name(id), **confinement.limits(vcpus, memory_mb))

    def rebuild(self, spec: DropletSpec, rules: Ruleset) -> None:
        self.create(spec, rules)

    def destroy(self, id: int) -> None:
        with engine_errors(f"droplet {id} cannot be deleted"), self._power_change(id):
            for name in (machine_name(id), port_name(id)):
                with _absent_is_fine():
                    self._client.containers.get(name).remove(force=True, v=True)
            with _absent_is_fine():
                self._client.volumes.get(machine_name(id)).remove()

    def apply_firewall(self, id: int, rules: Ruleset) -> None:
        with engine_errors(f"the firewall of droplet {id} cannot be changed"):
            self._load_rules(self._port(id), rules)

    def power_states(self) -> dict[int, str]:
        with engine_errors("the droplets cannot be listed"):
            machines = self._client.containers.list(all=True, filters={"label": ID_LABEL})
            return {int(m.labels[ID_LABEL]): "active" if m.status == "running" else "off" for m in machines}

    # -- not possible yet: DropletBackend tells what each is to do

    def enable_ipv6(self, spec: DropletSpec) -> None:
        raise BackendError("droplets of the docker backend have no IPv6")

    def metadata_changed(self, id: int) -> None:
        """Nothing is kept."""

    def snapshot_droplet(self, id: int, snapshot_id: int) -> float:
        raise BackendError("the docker backend takes no snapshots yet")

    def delete_droplet_snapshot(self, snapshot_id: int) -> None:
        """None was taken."""

    def assign_reserved_ip(self, address: str, droplet_id: int) -> None:
        raise BackendError("the docker backend has no reserved IPs yet")

    def unassign_reserved_ip(self, address: str, droplet_id: int) -> None:
        """None was assigned."""

    def create_volume(self, volume: VolumeSpec) -> None:
        raise BackendError("the docker backend has no volumes yet")

    def delete_volume(self, volume_id: str) -> None:
        """None was made."""

    def attach_volume(self, volume: VolumeSpec, droplet_id: int) -> None:
        raise BackendError("the docker backend has no volumes yet")

    def detach_volume(self, volume: VolumeSpec, droplet_id: int) -> None:
        """None was attached."""

    def resize_volume(self, volume: VolumeSpec) -> None:
        raise BackendError("the docker backend has no volumes yet")

    def snapshot_volume(self, volume: VolumeSpec, snapshot_id: str) -> float:
        raise BackendError("the docker backend takes no snapshots yet")

    def delete_volume_snapshot(self, snapshot_id: str) -> None:
        """None was taken."""

    def apply_load_balancer(self, spec: LoadBalancerSpec) -> None:
        raise BackendError("the docker backend has no load balancers yet")

    def delete_load_balancer(self, id: str) -> None:
        """None was made."""

    # -- parts

    def _boot(self, id: int, rules: Ruleset | None) -> None:
        """Without rules the port keeps those of the last boot."""
        machine, port = self._machine(id), self._port(id)
        self._kill(machine)
        self._kill(port)
        if rules is not None:
            self._write_rules(port, rules)
        port.start()
        self._confirm_rules(port)
        machine.start()

    def _load_rules(self, port: Container, rules: Ruleset) -> None:
        self._write_rules(port, rules)
        self._confirm_rules(port)

    def _write_rules(self, port: Container, rules: Ruleset) -> None:
        port.put_archive("/", archive({"etc/izzzi-port/rules.nft": nft.render(rules).encode()}))

    def _confirm_rules(self, port: Container) -> None:
        status, output = port.exec_run(["izzzi-port", "apply"])
        if status:
            raise BackendError(f"the firewall's rules were refused: {output.decode(errors='replace').strip()}")

    def _kill(self, container: Container) -> None:
        container.reload()
        if container.status == "running":
            container.kill()
            container.wait(timeout=30)

    def _machine(self, id: int) -> Container:
        return self._get(machine_name(id), id)

    def _port(self, id: int) -> Container:
        return self._get(port_name(id), id)

    def _get(self, name: str, id: int) -> Container:
        try:
            return self._client.containers.get(name)
        except NotFound as error:
            raise BackendError(f"droplet {id} has no container {name}; was it removed by hand?") from error


@contextmanager
def _absent_is_fine() -> Iterator[None]:
    try:
        yield
    except NotFound:
        return


def purge(settings: Settings) -> None:
    """Removes every container, volume, network and image of the sandbox."""
    client = docker.from_env(timeout=120)
    for container in client.containers.list(all=True, filters={"label": LABEL}):
        with _absent_is_fine():
            container.remove(force=True, v=True)
    for volume in client.volumes.list(filters={"name": "izzzi-sandbox-"}):
        with _absent_is_fine():
            volume.remove(force=True)
    for net in client.networks.list(filters={"label": LABEL}):
        with _absent_is_fine():
            net.remove()
    for image in client.images.list(filters={"label": LABEL}):
        for tag in image.tags:
            try:
                client.images.remove(tag, force=True)
            except ImageNotFound:
                continue
