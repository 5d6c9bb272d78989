# SPDX-License-Identifier: GPL-3.0-or-later
"""Droplets as systemd containers.

A droplet is two containers. The port holds the network namespace (public network and VPC) and enforces the cloud
firewall in it; the machine joins that namespace. Every power-on restarts the port first: the namespace is new, as after
a real boot, and guarded before the guest can send or receive a packet. When a droplet is off its port is off too, so
nothing answers.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container

from ..archive import archive, only_file
from ..daemon.settings import Settings
from ..images import ImageError, Kitchen, droplet_image, port_image
from . import balancers, confinement, disks, metadata, network, nft, resolvers, seed, snapshots
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
    ipv6_network = ""  # until `start` finds out what the engine can do

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = docker.from_env(timeout=120)
        self._metadata = metadata.MetadataService(self._client)
        self._disks = disks.Disks(self._client)
        self._balancers = balancers.Balancers(self._client)
        self._snapshots = snapshots.Snapshots(self._client, self._disks)
        self._describe: Callable[[int], DropletSpec | None] = lambda _: None  # until `start`
        self._busy: set[int] = set()  # droplets whose power we change ourselves: their exits are no news
        self._lock = threading.Lock()
        self._events = None

    # -- watching

    def start(self, on_guest_power: Callable[[int, str], None], describe: Callable[[int], DropletSpec | None]) -> None:
        self._describe = describe
        with engine_errors("the public network cannot be made"):
            self.ipv6_network = network.PUBLIC_RANGE_V6 if network.ensure_public(self._client) else ""
        with engine_errors("the metadata service cannot be started"):
            self._metadata.start()
            running = [id for id, power in self.power_states().items() if power == "active"]
            self._metadata.publish(self._documents(*running))
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
            if ours or self._describe(id) is None:
                continue
            try:
                if attributes.get("exitCode") == GUEST_REBOOTED:
                    with self._power_change(id):
                        self._boot(self._known(id), None)
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
            self._boot(spec, rules)

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
        image = self._image(spec)
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
                # overlayfs cannot lie on overlayfs, so the guest's Docker and containerd need a real file system.
                binds={machine_name(spec.id): {"bind": "/var/lib/docker"}},
                device_cgroup_rules=[disks.LOOP_DEVICES],
                **confinement.limits(spec.vcpus, spec.memory_mb),
            ),
        )
        machine = self._machine(spec.id)
        machine.put_archive("/", archive(seed.files(spec, resolvers.resolv_conf()) | self._trust(machine)))

    def _trust(self, machine: Container) -> dict[str, bytes]:
        try:
            bundle = only_file(machine.get_archive(f"/{seed.BUNDLE}")[0])
        except NotFound:
            bundle = b""
        return seed.trust(self._settings.ca_file.read_bytes(), bundle)

    def _image(self, spec: DropletSpec) -> str:
        if spec.snapshot is None:
            return droplet_image(Kitchen(log.info), spec.image)
        self._snapshots.restore_docker_data(spec.snapshot, machine_name(spec.id))
        return self._snapshots.image(spec.snapshot)

    def power_on(self, id: int, rules: Ruleset) -> None:
        with engine_errors(f"droplet {id} cannot be powered on"), self._power_change(id):
            self._boot(self._known(id), rules)

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
            with _absent_is_fine():
                self._metadata.withdraw(_public_ip(self._client.containers.get(port_name(id))))
            for name in (machine_name(id), port_name(id)):
                with _absent_is_fine():
                    self._client.containers.get(name).remove(force=True, v=True)
            with _absent_is_fine():
                self._client.volumes.get(machine_name(id)).remove()
            self._snapshots.sweep()

    def apply_firewall(self, id: int, rules: Ruleset) -> None:
        with engine_errors(f"the firewall of droplet {id} cannot be changed"):
            self._load_rules(self._port(id), rules)

    def power_states(self) -> dict[int, str]:
        with engine_errors("the droplets cannot be listed"):
            machines = self._client.containers.list(all=True, filters={"label": ID_LABEL})
            return {int(m.labels[ID_LABEL]): "active" if m.status == "running" else "off" for m in machines}

    # -- addresses and metadata

    def enable_ipv6(self, spec: DropletSpec) -> None:
        with engine_errors(f"droplet {spec.id} cannot have IPv6"):
            self._set_addresses(spec)

    def metadata_changed(self, id: int) -> None:
        with engine_errors(f"the metadata of droplet {id} cannot be changed"):
            self._metadata.publish(self._documents(id))

    def assign_reserved_ip(self, address: str, droplet_id: int) -> None:
        with engine_errors(f"{address} cannot be assigned to droplet {droplet_id}"):
            for id in self.power_states():
                other = self._describe(id)
                if other and id != droplet_id and other.reserved_ip == address:
                    self._set_addresses(replace(other, reserved_ip=""))
            self._set_addresses(replace(self._known(droplet_id), reserved_ip=address))

    def unassign_reserved_ip(self, address: str, droplet_id: int) -> None:
        with engine_errors(f"{address} cannot be taken from droplet {droplet_id}"), _absent_is_fine():
            self._client.containers.get(port_name(droplet_id))
            self._set_addresses(replace(self._known(droplet_id), reserved_ip=""))

    def _set_addresses(self, spec: DropletSpec) -> None:
        port = self._port(spec.id)
        self._write_addresses(port, spec)
        if port.status == "running":
            self._confirm(port)
        self._metadata.publish([self._document(spec)])

    def _documents(self, *ids: int) -> list[dict[str, Any]]:
        """Return documents of droplets. One that is being made has none yet: its first boot publishes it."""
        known = [spec for spec in map(self._describe, ids) if spec]
        rows = self._client.api.containers(all=True, filters={"label": LABEL})
        names = {name.lstrip("/") for row in rows for name in row["Names"]}
        return [self._document(spec) for spec in known if port_name(spec.id) in names]

    def _document(self, spec: DropletSpec) -> dict[str, Any]:
        port = self._port(spec.id)
        networks = port.attrs["NetworkSettings"]["Networks"]
        vpc = network.vpc_network(spec.vpc_id)
        macs = {"public": networks[network.PUBLIC]["MacAddress"], "private": networks[vpc]["MacAddress"]}
        netmask = str(ip_network(network.range_of(self._client, vpc)).netmask)
        return metadata.document(spec, macs, netmask, resolvers.name_servers())

    # -- disks

    def snapshot_droplet(self, id: int, snapshot_id: int) -> float:
        with engine_errors(f"droplet {id} cannot be copied"):
            return self._snapshots.take(self._machine(id), machine_name(id), snapshot_id)

    def delete_droplet_snapshot(self, snapshot_id: int) -> None:
        with engine_errors(f"snapshot {snapshot_id} cannot be deleted"):
            self._snapshots.delete(snapshot_id)

    def create_volume(self, volume: VolumeSpec) -> None:
        with engine_errors(f"volume {volume.name} cannot be made"):
            self._disks.make(volume)

    def delete_volume(self, volume_id: str) -> None:
        with engine_errors(f"volume {volume_id} cannot be deleted"):
            self._disks.delete(volume_id)

    def attach_volume(self, volume: VolumeSpec, droplet_id: int) -> None:
        with engine_errors(f"volume {volume.name} cannot be attached to droplet {droplet_id}"):
            machine = self._machine(droplet_id)
            if machine.status == "running":
                self._disks.plug(machine, volume)

    def detach_volume(self, volume: VolumeSpec, droplet_id: int) -> None:
        with engine_errors(f"volume {volume.name} cannot be detached from droplet {droplet_id}"), _absent_is_fine():
            machine = self._client.containers.get(machine_name(droplet_id))
            self._disks.unplug(machine if machine.status == "running" else None, volume)

    def resize_volume(self, volume: VolumeSpec) -> None:
        with engine_errors(f"volume {volume.name} cannot be resized"):
            self._disks.grow(volume)

    def snapshot_volume(self, volume: VolumeSpec, snapshot_id: str) -> float:
        with engine_errors(f"volume {volume.name} cannot be copied"):
            return self._disks.snapshot(volume, snapshot_id)

    def delete_volume_snapshot(self, snapshot_id: str) -> None:
        with engine_errors(f"snapshot {snapshot_id} cannot be deleted"):
            self._disks.delete_snapshot(snapshot_id)

    # -- load balancers

    def apply_load_balancer(self, spec: LoadBalancerSpec) -> None:
        with engine_errors(f"load balancer {spec.name} cannot be set up"):
            self._balancers.apply(spec)

    def delete_load_balancer(self, id: str) -> None:
        with engine_errors(f"load balancer {id} cannot be deleted"):
            self._balancers.delete(id)

    # -- parts

    def _boot(self, spec: DropletSpec, rules: Ruleset | None) -> None:
        """Without rules the port keeps those of the last boot."""
        machine, port = self._machine(spec.id), self._port(spec.id)
        self._kill(machine)
        self._kill(port)
        self._write_addresses(port, spec)
        if rules is not None:
            self._write_rules(port, rules)
        port.start()
        self._confirm(port)
        self._metadata.publish([self._document(spec)])
        self._disks.insert(machine, spec)
        machine.start()

    def _known(self, id: int) -> DropletSpec:
        spec = self._describe(id)
        if spec is None:
            raise BackendError(f"droplet {id} is unknown")
        return spec

    def _load_rules(self, port: Container, rules: Ruleset) -> None:
        self._write_rules(port, rules)
        self._confirm(port)

    def _write_rules(self, port: Container, rules: Ruleset) -> None:
        port.put_archive("/", archive({"etc/izzzi-port/rules.nft": nft.render(rules).encode()}))

    def _write_addresses(self, port: Container, spec: DropletSpec) -> None:
        addresses = {
            "ipv6": f"{spec.public_ipv6}/{ip_network(network.PUBLIC_RANGE_V6).prefixlen}" if spec.public_ipv6 else "",
            "ipv6_gateway": network.PUBLIC_GATEWAY_V6,
            "reserved": [spec.reserved_ip] if spec.reserved_ip else [],
        }
        port.put_archive("/", archive({"etc/izzzi-port/addresses.json": json.dumps(addresses).encode()}))

    def _confirm(self, port: Container) -> None:
        status, output = port.exec_run(["izzzi-port", "apply"])
        if status:
            output = output or port.logs(tail=3)  # the guard itself has ended
            raise BackendError(f"the network was refused: {output.decode(errors='replace').strip()}")

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


def _public_ip(port: Container) -> str:
    return port.attrs["NetworkSettings"]["Networks"][network.PUBLIC]["IPAMConfig"]["IPv4Address"]


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
    disks.purge(client)
    for volume in client.volumes.list(filters={"name": "izzzi-sandbox-"}):
        with _absent_is_fine():
            volume.remove(force=True)
    for net in client.networks.list(filters={"label": LABEL}):
        with _absent_is_fine():
            net.remove()
    for image in client.images.list(filters={"label": LABEL}):
        # A snapshot that was deleted while droplets ran from it has lost its name, not its layers.
        for name in image.tags or [image.id]:
            try:
                client.images.remove(name, force=True)
            except ImageNotFound:
                continue
