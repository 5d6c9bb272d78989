# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e import driver


@pytest.fixture(scope="session")
def address() -> str:
    return driver.droplet_address()


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Outputs and screenshots of the run, kept for whoever looks at a failure."""
    driver.ARTIFACTS.mkdir(exist_ok=True)
    return driver.ARTIFACTS
