# SPDX-License-Identifier: GPL-3.0-or-later
"""What DigitalOcean offers: regions, sizes with their prices, images. Figures of the public price list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FEATURES = ("backups", "ipv6", "metadata", "install_agent", "storage", "image_transfer")


@dataclass(frozen=True)
class Region:
    slug: str
    name: str
    available: bool = True


@dataclass(frozen=True)
class Size:
    slug: str
    vcpus: int
    memory_mb: int
    disk_gb: int
    transfer_tb: float
    price_monthly: float
    description: str

    @property
    def price_hourly(self) -> float:
        return round(self.price_monthly / 672, 5)  # a month is billed as 28 days


@dataclass(frozen=True)
class Image:
    id: int
    slug: str
    name: str
    distribution: str
    created_at: str


REGIONS = {
    region.slug: region
    for region in (
        Region("nyc1", "New York 1"),
        Region("nyc2", "New York 2"),
        Region("nyc3", "New York 3"),
        Region("sfo1", "San Francisco 1", available=False),
        Region("sfo2", "San Francisco 2"),
        Region("sfo3", "San Francisco 3"),
        Region("ams2", "Amsterdam 2", available=False),
        Region("ams3", "Amsterdam 3"),
        Region("sgp1", "Singapore 1"),
        Region("lon1", "London 1"),
        Region("fra1", "Frankfurt 1"),
        Region("tor1", "Toronto 1"),
        Region("blr1", "Bangalore 1"),
        Region("syd1", "Sydney 1"),
        Region("atl1", "Atlanta 1"),
        Region("ric1", "Richmond 1"),
    )
}

# slug, vcpus, MiB, GB, TB, USD a month
_SIZES: dict[str, tuple[tuple[str, int, int, int, float, float], ...]] = {
    "Basic": (
        ("s-1vcpu-512mb-10gb", 1, 512, 10, 0.5, 4),
        ("s-1vcpu-1gb", 1, 1024, 25, 1, 6),
        ("s-1vcpu-2gb", 1, 2048, 50, 2, 12),
        ("s-2vcpu-2gb", 2, 2048, 60, 3, 18),
        ("s-2vcpu-4gb", 2, 4096, 80, 4, 24),
        ("s-4vcpu-8gb", 4, 8192, 160, 5, 48),
        ("s-8vcpu-16gb", 8, 16384, 320, 6, 96),
    ),
    "Basic AMD": (
        ("s-1vcpu-1gb-amd", 1, 1024, 25, 1, 7),
        ("s-1vcpu-2gb-amd", 1, 2048, 50, 2, 14),
        ("s-2vcpu-2gb-amd", 2, 2048, 60, 3, 21),
        ("s-2vcpu-4gb-amd", 2, 4096, 80, 4, 28),
        ("s-2vcpu-8gb-amd", 2, 8192, 100, 5, 42),
        ("s-4vcpu-8gb-amd", 4, 8192, 160, 5, 56),
        ("s-4vcpu-16gb-amd", 4, 16384, 200, 8, 84),
        ("s-8vcpu-16gb-amd", 8, 16384, 320, 6, 112),
        ("s-8vcpu-32gb-amd", 8, 32768, 400, 10, 168),
    ),
    "Basic Intel": (
        ("s-1vcpu-1gb-intel", 1, 1024, 25, 1, 7),
        ("s-1vcpu-2gb-intel", 1, 2048, 50, 2, 14),
        ("s-2vcpu-2gb-intel", 2, 2048, 60, 3, 21),
        ("s-2vcpu-4gb-intel", 2, 4096, 80, 4, 28),
        ("s-2vcpu-8gb-160gb-intel", 2, 8192, 160, 5, 48),
        ("s-4vcpu-8gb-intel", 4, 8192, 160, 5, 56),
        ("s-4vcpu-16gb-320gb-intel", 4, 16384, 320, 8, 96),
        ("s-8vcpu-16gb-intel", 8, 16384, 320, 6, 112),
        ("s-8vcpu-32gb-640gb-intel", 8, 32768, 640, 10, 192),
    ),
    "CPU-Optimized": (
        ("c-2", 2, 4096, 25, 4, 42),
        ("c2-2vcpu-4gb", 2, 4096, 50, 4, 47),
        ("c-4", 4, 8192, 50, 5, 84),
        ("c2-4vcpu-8gb", 4, 8192, 100, 5, 94),
        ("c-8", 8, 16384, 100, 6, 168),
        ("c2-8vcpu-16gb", 8, 16384, 200, 6, 188),
        ("c-16", 16, 32768, 200, 7, 336),
    ),
    "General Purpose": (
        ("g-2vcpu-8gb", 2, 8192, 25, 4, 63),
        ("gd-2vcpu-8gb", 2, 8192, 50, 4, 68),
        ("g-4vcpu-16gb", 4, 16384, 50, 5, 126),
        ("gd-4vcpu-16gb", 4, 16384, 100, 5, 136),
        ("g-8vcpu-32gb", 8, 32768, 100, 6, 252),
    ),
    "Memory-Optimized": (
        ("m-2vcpu-16gb", 2, 16384, 50, 4, 84),
        ("m-4vcpu-32gb", 4, 32768, 100, 6, 168),
        ("m-8vcpu-64gb", 8, 65536, 200, 7, 336),
    ),
}

SIZES = {row[0]: Size(*row, description) for description, rows in _SIZES.items() for row in rows}

IMAGES = {
    image.slug: image
    for image in (
        Image(194722834, "debian-13-x64", "13 x64", "Debian", "2025-09-02T15:00:00Z"),
        Image(133891563, "debian-12-x64", "12 x64", "Debian", "2023-06-12T15:00:00Z"),
        Image(155133621, "ubuntu-24-04-x64", "24.04 (LTS) x64", "Ubuntu", "2024-04-25T15:00:00Z"),
    )
}


def find_region(text: str | None) -> Region | None:
    """An available region by its slug or by a prefix such as "nyc"; none given: any will do."""
    available = [region for region in REGIONS.values() if region.available]
    exact = REGIONS.get(text or "")
    if exact:
        return exact if exact.available else None
    return next((region for region in available if not text or region.slug.rstrip("0123456789") == text), None)


def find_image(reference: int | str) -> Image | None:
    """By slug or by id."""
    return next((image for image in IMAGES.values() if str(reference) in (image.slug, str(image.id))), None)


def show_region(region: Region) -> dict[str, Any]:
    return {
        "slug": region.slug,
        "name": region.name,
        "available": region.available,
        "features": list(FEATURES),
        "sizes": list(SIZES) if region.available else [],
    }


def show_size(size: Size) -> dict[str, Any]:
    return {
        "slug": size.slug,
        "description": size.description,
        "vcpus": size.vcpus,
        "memory": size.memory_mb,
        "disk": size.disk_gb,
        "transfer": float(size.transfer_tb),
        "price_monthly": float(size.price_monthly),
        "price_hourly": size.price_hourly,
        "regions": [region.slug for region in REGIONS.values() if region.available],
        "available": True,
        "disk_info": [{"type": "local", "size": {"amount": size.disk_gb, "unit": "gib"}}],
    }


def show_image(image: Image) -> dict[str, Any]:
    return {
        "id": image.id,
        "slug": image.slug,
        "name": image.name,
        "distribution": image.distribution,
        "type": "base",
        "public": True,
        "regions": [region.slug for region in REGIONS.values() if region.available],
        "created_at": image.created_at,
        "min_disk_size": 10,
        "size_gigabytes": 1.0,
        "description": f"{image.distribution} {image.name}",
        "tags": [],
        "status": "available",
        "error_message": "",
    }
