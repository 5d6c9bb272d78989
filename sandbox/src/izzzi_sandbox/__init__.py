# SPDX-License-Identifier: GPL-3.0-or-later
"""A local DigitalOcean for the izzzi.infra collection."""

__version__ = "0.1.0"
