# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and snapshots keep data beyond the life of a droplet, and leave nothing of themselves behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from izzzi_sandbox.droplets.backend import BackendError, VolumeSpec

from .cloud import Droplet, docker
from .machines import OPEN, Machines

GIB = 1024**3
RAW = VolumeSpec("7e57ba5e-0000-4000-8000-000000000001", "sandbox-test-raw", 2)
READY = VolumeSpec("7e57ba5e-0000-4000-8000-000000000002", "sandbox-test-ready", 1, "ext4", "data")
DEVICE = "/dev/disk/by-id/scsi-0DO_Volume_{0.name}"


@pytest.fixture
def volume(machines: Machines) -> Iterator[VolumeSpec]:
    machines.backend.create_volume(RAW)
    yield RAW
    machines.backend.delete_volume(RAW.id)


def size(droplet: Droplet, volume: VolumeSpec) -> int:
    return int(droplet.run(f"blockdev --getsize64 {DEVICE.format(volume)}"))


def test_a_volume_takes_its_data_from_one_droplet_to_another(machines, pair, volume):
    first, second = pair
    device = DEVICE.format(volume)
    machines.attach(volume, first)
    assert size(first, volume) == 2 * GIB
    first.run(f"mkfs.ext4 -q {device} && mkdir -p /srv/data && mount {device} /srv/data && echo kept > /srv/data/file")
    first.run(f"echo '{device} /srv/data ext4 defaults,nofail,discard 0 0' >> /etc/fstab")
    machines.backend.power_off(first.id)
    machines.backend.power_on(first.id, OPEN)
    first.wait_for_ssh()
    assert first.run("cat /srv/data/file") == "kept", "a boot finds the volume, and fstab mounts it"
    busy = first.run("systemd-run -q -p Type=exec --unit=busy --working-directory=/srv/data sleep infinity")
    assert busy == ""
    with pytest.raises(BackendError, match="busy"):
        machines.detach(volume, first)
    first.run("systemctl stop busy; sed -i '/DO_Volume/d' /etc/fstab")
    machines.detach(volume, first)
    assert first.ssh(f"test -e {device}", check=False).returncode == 1
    machines.attach(volume, second)
    second.run(f"mkdir -p /srv/data && mount {device} /srv/data")
    assert second.run("cat /srv/data/file") == "kept"
    bigger = VolumeSpec(volume.id, volume.name, 3)
    machines.backend.resize_volume(bigger)
    # Unmounted, because growing a mounted ext4 needs CAP_SYS_RESOURCE, which some hosts cannot give to a droplet.
    second.run(f"umount /srv/data && e2fsck -fp {device} && resize2fs {device} 2>&1 && mount {device} /srv/data")
    assert size(second, volume) == 3 * GIB
    assert int(second.run("df --output=size --block-size=1 /srv/data | tail -n 1")) > 2.8 * GIB
    machines.detach(volume, second)


def test_a_formatted_volume_is_mounted_and_can_be_copied(machines, pair):
    droplet, _ = pair
    copy = VolumeSpec("7e57ba5e-0000-4000-8000-000000000003", "sandbox-test-copy", 2, "ext4", snapshot="7e57-snapshot")
    machines.backend.create_volume(READY)
    try:
        machines.attach(READY, droplet)
        droplet.run("echo kept > /mnt/sandbox_test_ready/file")
        assert droplet.run(f"blkid -o value -s LABEL $(readlink -f {DEVICE.format(READY)})") == "data"
        assert 0 < machines.backend.snapshot_volume(READY, "7e57-snapshot") < 1
        machines.detach(READY, droplet)
        machines.backend.create_volume(copy)
        machines.attach(copy, droplet)
        assert droplet.run("cat /mnt/sandbox_test_copy/file") == "kept"
        machines.detach(copy, droplet)
    finally:
        machines.backend.delete_volume(READY.id)
        machines.backend.delete_volume(copy.id)
        machines.backend.delete_volume_snapshot("7e57-snapshot")
    assert "7e57" not in docker("volume", "ls", "--quiet").replace("droplet", "")


def test_a_droplet_made_from_a_snapshot_has_the_data_and_its_own_identity(machines, pair):
    original, _ = pair
    original.run("for file in /root/kept /var/lib/docker/kept; do echo kept > $file; sync $file; done")
    assert 0.2 < machines.backend.snapshot_droplet(original.id, 7_570_001) < 5
    assert original.run("cat /root/kept") == "kept", "the original runs on"
    clone = machines.create(3, snapshot=7_570_001)
    machines.backend.delete_droplet_snapshot(7_570_001)
    assert clone.run("cat /root/kept /var/lib/docker/kept") == "kept\nkept"
    assert clone.run("hostname") == "sandbox-test-3"
    own, others = (d.run("cat /etc/ssh/ssh_host_ed25519_key.pub") for d in (clone, original))
    assert own != others
    machines.destroy(clone)
    assert "7570001" not in docker("images") + docker("volume", "ls")
