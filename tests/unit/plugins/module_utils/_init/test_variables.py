# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._init.variables import (
    Parts,
    is_own,
    is_secret,
    meaning,
    names_in,
)

ALL = Parts("db", "shop", "cache", "mail")
LOGIN = "${DATABASE_USER}:${DATABASE_PASSWORD}"


@pytest.mark.parametrize(
    ("name", "example", "text"),
    [
        ("DATABASE_URL", "postgres://a:b@localhost/x", f"postgres://{LOGIN}@db:5432/shop"),
        ("DATABASE_URL", "", f"postgresql://{LOGIN}@db:5432/shop"),
        ("SHADOW", "postgresql+psycopg://a:b@h/x?a=1&b=2", f"postgresql+psycopg://{LOGIN}@db:5432/shop?a=1&b=2"),
        ("DATABASE_URL", "postgres://h/x?password=real", f"postgres://{LOGIN}@db:5432/shop"),
        ("POSTGRES_PASSWORD", "shop", "${DATABASE_PASSWORD}"),
        ("PGUSER", "me", "${DATABASE_USER}"),
        ("DB_NAME", "x", "shop"),
        ("DATABASE_PORT", "15432", "5432"),
        ("CELERY_BROKER_URL", "redis://localhost:6379/3", "redis://:${REDIS_PASSWORD}@cache:6379/3"),
        ("REDIS_URL", "", "redis://:${REDIS_PASSWORD}@cache:6379"),
        ("REDIS_HOST", "localhost", "cache"),
        ("SMTP_HOST", "localhost", "mail"),
        ("MAIL_PASSWORD", "real", ""),
        ("NODE_ENV", "development", "production"),
        ("APP_ENV", "local", "production"),
        ("DJANGO_DEBUG", "True", "false"),
        ("DEBUG", "1", "0"),
        ("RELEASE", "", "${RELEASE}"),
        ("PORT", "3000", "8080"),
    ],
)
def test_what_the_project_itself_knows(name, example, text):
    found = meaning(name, example, ALL, 8080)
    assert (found.text, found.value, found.secret) == (text, None, "")


@pytest.mark.parametrize(
    ("name", "example", "need"),
    [
        ("DATABASE_URL", "postgresql://a:b@c/d", "postgres"),
        ("PGHOST", "", "postgres"),
        ("REDIS_URL", "", "redis"),
        ("DATABASE_URL", "mysql://a:b@c/d", ""),
        ("DB_HOST", "localhost", ""),
    ],
)
def test_a_data_service_that_nobody_declares_is_needed(name, example, need):
    assert meaning(name, example, Parts()).needs == need


@pytest.mark.parametrize(
    "name", ["JWT_SECRET", "SESSION_SECRET", "SECRET_KEY", "NEXTAUTH_SECRET", "ENCRYPTION_KEY", "COOKIE_SECRET"]
)
def test_what_only_the_app_knows_is_generated(name):
    found = meaning(name, "devdevdev", Parts())
    assert (found.secret, found.value, found.text) == ("generated", None, f"${{{name}}}")


@pytest.mark.parametrize(
    "name",
    ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "OPENAI_API_KEY", "SMTP_PASSWORD", "GITHUB_TOKEN", "SENTRY_DSN"],
)
def test_what_somebody_else_gives_is_not(name):
    found = meaning(name, "real", Parts())
    assert (found.secret, found.value) == ("yours", None)
    assert f"vault_app_{name.lower()}" in found.todo
    assert not is_own(name)


def test_an_address_with_a_login_is_a_secret_whatever_it_is_called():
    assert is_secret("UPSTREAM", "https://ada:real@host/")
    assert meaning("MONGO", "mongodb://ada:real@host/", Parts()).value is None


@pytest.mark.parametrize(
    ("name", "example", "value"),
    [
        ("JWT_EXPIRES_IN", "15m", "15m"),
        ("ACCESS_TOKEN_TTL", "60", "60"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_test_1", "pk_test_1"),
        ("GOOGLE_CLIENT_ID", "abc", "abc"),
        ("APP_URL", "http://localhost:3000", "{{ app_url }}"),
        ("API_URL", "http://localhost:4000/api/", "{{ app_url }}/api"),
        ("SITE", "https://www.example.com", "{{ app_url }}"),
        ("MAIL_FROM", "no-reply@example.com", ""),
        ("LOG_LEVEL", "info", "info"),
        ("ALLOWED_HOSTS", "localhost", "localhost"),
        ("NOTHING", "", ""),
        ("NEXT_PUBLIC_API_KEY", "abc", "abc"),
        ("TEMPLATE", "{{ lookup('pipe', 'id') }}", ""),
    ],
)
def test_what_is_no_secret_keeps_its_example(name, example, value):
    found = meaning(name, example, Parts())
    assert (found.value, found.secret) == (value, "")
    assert bool(found.todo) == (value == "" or "localhost" in value)


def test_an_example_that_refers_to_others_is_read_by_its_names():
    assert names_in("A=1\nB='x y'\n") == {"A": "1", "B": "x y"}
    assert names_in("# c\nexport A=1\nB=${A}/x\nnonsense\n") == {"A": "1", "B": ""}
