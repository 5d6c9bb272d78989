# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/izzzi/app.yml: the guide's app, as the role app_compose takes it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from ansible_collections.izzzi.infra.plugins.module_utils._app.app import (
    build_problems,
    environment_of,
    variable_problems,
)
from ansible_collections.izzzi.infra.plugins.module_utils._app.presets import expand_presets
from ansible_collections.izzzi.infra.plugins.module_utils._compose.colours import (
    ColouredApp,
    colour_document,
    data_document,
)

ROOT = Path(__file__).resolve().parents[2]
DECLARED = yaml.safe_load((ROOT / "examples/izzzi/app.yml").read_text())
ROLE = dict.fromkeys(
    [
        "RELEASE",
        "DATABASE_USER",
        "DATABASE_PASSWORD",
        "DATABASE_OWNER_PASSWORD",
        "REDIS_PASSWORD",
        "REDIS_OWNER_PASSWORD",
    ],
    "given by the role",
)
# The guide's, and those that the app's source reads.
VARIABLES = """
    NODE_ENV PORT DATABASE_URL REDIS_URL JWT_SECRET JWT_EXPIRES_IN REFRESH_TOKEN_EXPIRES_IN STRIPE_SECRET_KEY
    STRIPE_PUBLISHABLE_KEY STRIPE_WEBHOOK_SECRET STRIPE_PRICE_MENSUEL STRIPE_PRICE_ANNUEL SYNTHESIS_API_KEY
    OPENAI_API_KEY MAIL_HOST MAIL_PORT MAIL_USER MAIL_PASS MAIL_FROM SMTP_FROM APP_BASE_URL API_BASE_URL FRONTEND_URL
    NEXTAUTH_URL NEXT_PUBLIC_API_BASE_URL NEXT_PUBLIC_SENTRY_DSN NEXT_PUBLIC_ANALYTICS_ID
"""
COMPLETE = expand_presets(DECLARED["app_data_services"], "izzzi")
APP = ColouredApp(
    project="izzzi",
    directory=Path("/opt/izzzi"),
    services=DECLARED["app_services"],
    data_services=COMPLETE["data_services"],
    volumes=COMPLETE["volumes"],
    env=DECLARED["app_env"],
    secrets=DECLARED["app_secret_env"],
)


def test_every_variable_of_the_guide_reaches_a_service():
    given = {name for service in APP.services.values() for name in service.get("environment", {})}
    given |= set(APP.services["frontend"]["build_env"]["values"])
    assert [name for name in VARIABLES.split() if name not in given] == []


def test_all_that_services_refer_to_is_defined_and_used():
    assert variable_problems(APP, ROLE, "app_") == []
    assert build_problems(APP, ROLE, "app_") == []
    text = str([APP.services, APP.data_services])
    assert [name for name in [*APP.env, *APP.secrets] if f"${{{name}}}" not in text] == []


def test_a_service_sees_no_secret_of_another():
    frontend = str(colour_document(APP, "r", "blue")["services"]["frontend"])
    assert [name for name in [*APP.secrets, "DATABASE_PASSWORD"] if name in frontend] == []
    data = environment_of(APP, data_document(APP), ROLE)
    assert set(data) == {"DATABASE_OWNER_PASSWORD", "REDIS_OWNER_PASSWORD"}


def test_secrets_are_in_the_vault_and_public_settings_are_not():
    assert all(re.fullmatch(r"\{\{ vault_app_\w+ \}\}", value) for value in APP.secrets.values())
    known = re.findall(r"vault_app_\w+", (ROOT / "examples/izzzi/app.yml").read_text().partition("\napp_secrets:")[0])
    generated = DECLARED["app_secrets"]
    assert {value[3:-3] for value in APP.secrets.values()} <= {*known, *generated}


def test_no_data_service_is_open_and_no_image_floats():
    ports = [port for service in APP.data_services.values() for port in service.get("ports", [])]
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert all(re.search(r":[^:/]+$", service["image"]) for service in APP.data_services.values())


def test_the_changes_that_its_repository_needs_are_counted_and_named():
    head = (ROOT / "examples/izzzi/app.yml").read_text().partition("\napp_")[0]
    numbers = re.findall(r"(?m)^#   (\d)\. ", head)
    assert numbers == ["1", "2", "3", "4", "5"]
    assert "needs five changes" in head
    assert "npm install --package-lock-only" in head  # the frontend's `npm ci` stops without it
