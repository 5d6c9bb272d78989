# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import images as app_images
from ansible_collections.izzzi.infra.plugins.module_utils._app.app import App
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import data_images as images

# What a real engine prints for images that keep data, and for those that do not.
KNOWN = {"postgres:17": '{"/var/lib/postgresql/data":{}}\n', "mail:1": "null\n"}
GOOD = {"db": {"image": "postgres:17", "volumes": ["pg:/var/lib/postgresql/data"]}, "mail": {"image": "mail:1"}}
BAD = {"db": {"image": "postgres:17"}, "other": {"image": "postgres:${VERSION}"}}


def app(services: dict) -> App:
    return App("shop", Path("/opt/shop"), {}, services, env={"VERSION": 17})


@pytest.fixture
def asked(monkeypatch) -> list[list[str]]:
    """An engine that has the images of KNOWN after they were pulled."""
    calls, there = [], set()

    def run(arguments, **_options):
        calls.append(list(arguments))
        if "pull" in arguments:
            there.add(arguments[-1])
            return ""
        if arguments[-1] not in there:
            raise ReleaseError("no such image")
        return KNOWN[arguments[-1]]

    monkeypatch.setattr(images, "run", run)
    monkeypatch.setattr(app_images, "run", run)
    return calls


def test_an_image_that_cannot_be_pulled_is_named_with_who_needs_it(monkeypatch):
    def run(arguments, **_options):
        raise CommandError("no such host")

    monkeypatch.setattr(images, "run", run)
    monkeypatch.setattr(app_images, "run", run)
    with pytest.raises(ReleaseError, match=r"db, mail: the image mail:404 could not be pulled\.\nno such host"):
        images.require_named(app({"db": {"image": "mail:404"}, "mail": {"image": "mail:404"}}), 60)


def test_an_image_that_is_not_there_yet_tells_nothing_in_a_plan(asked):
    assert images.uncovered(app(BAD)) == []
    assert not any("pull" in call for call in asked)


def test_images_are_pulled_and_judged_before_they_start(asked):
    images.require_named(app(GOOD), 60)
    with pytest.raises(ReleaseError, match="the image postgres:17 keeps data at /var/lib"):
        images.require_named(app(BAD), 60)
    assert sum("pull" in call for call in asked) == 2
