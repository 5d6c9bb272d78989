# SPDX-License-Identifier: GPL-3.0-or-later
"""Small apps as people have them, by their files; and the judgement of an inventory that was written for one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.izzzi.infra.plugins.filter.nginx_problems import nginx_problems
from ansible_collections.izzzi.infra.plugins.module_utils._app.app import App, build_problems, variable_problems
from ansible_collections.izzzi.infra.plugins.module_utils._app.presets import expand_presets
from ansible_collections.izzzi.infra.plugins.module_utils._app.problems import app_problems
from ansible_collections.izzzi.infra.plugins.module_utils._app.service_rules import service_problems

SECRET = "the-real-value-of-somebody"  # in every .env: it must be nowhere else

ONE = {
    "Dockerfile": "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 8080\n"
    "HEALTHCHECK CMD wget -qO- http://localhost:8080/healthz || exit 1\nCMD node server.js\n",
    "Dockerfile.dev": "FROM node:22\nEXPOSE 1\n",
    "package.json": '{"dependencies": {"express": "^4"}}',
    ".env": f"TOKEN={SECRET}\n",
}

WORKER = {
    "compose.yaml": """
services:
  proxy: {image: "nginx:1.27", ports: ["80:80"]}
  api:
    build: ./api
    ports: ["127.0.0.1:4000:4000"]
    env_file: .env
    environment:
      DATABASE_URL: postgresql+asyncpg://shop:shop@db:5432/shop_live?ssl=disable
      REDIS_URL: redis://cache:6379/2
      LOG_LEVEL: ${LOG_LEVEL:-info}
      GREETING: hello ${NAME_OF_SHOP}
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:4000/api/live"]}
    volumes: ["uploads:/app/uploads", "./api:/app"]
  worker:
    build: ./api
    command: python -m worker
    environment: [DATABASE_URL, LOG_LEVEL=debug]
  db:
    image: postgres:16.4-alpine
    environment: {POSTGRES_DB: shop_live, POSTGRES_USER: shop, POSTGRES_PASSWORD: shop}
    volumes: ["db:/var/lib/postgresql/data"]
  cache: {image: "redis:7"}
  mail: {image: "mailhog/mailhog"}
  search:
    image: getmeili/meilisearch:v1.11
    environment: {MEILI_MASTER_KEY: masterkey, MEILI_ENV: production}
    volumes: ["search:/meili_data"]
  adminer: {image: adminer, profiles: [tools]}
volumes: {db: {}, search: {}, uploads: {}}
""",
    "api/Dockerfile": "FROM python:3.13-slim\nCOPY requirements.txt .\nCOPY . .\nEXPOSE 4000\n"
    "HEALTHCHECK CMD curl -f http://127.0.0.1:4000/api/live\nCMD uvicorn main:app --port 4000\n",
    "api/requirements.txt": "fastapi==0.115\nasyncpg>=0.29\nalembic\n",
    "api/alembic.ini": "[alembic]\n",
    ".env.example": "SECRET_KEY=change-me\nSTRIPE_SECRET_KEY=sk_test_xxx\nSMTP_HOST=localhost\nSMTP_PORT=25\n"
    "NAME_OF_SHOP=Corner\nDATABASE_URL=postgresql://x:y@localhost/x\nPUBLIC_URL=http://localhost:4000\n",
    ".env": f"SECRET_KEY={SECRET}\nSTRIPE_SECRET_KEY={SECRET}\n",
}

MONOREPO = {
    "package.json": '{"private": true, "workspaces": ["apps/*", "packages/*"]}',
    "package-lock.json": "{}",
    "packages/ui/package.json": '{"name": "@shop/ui"}',
    "apps/web/package.json": '{"dependencies": {"next": "15", "react": "19"}}',
    "apps/web/Dockerfile": "FROM node:22-slim AS build\nWORKDIR /app\nCOPY package.json package-lock.json ./\n"
    "COPY packages packages\nCOPY apps/web apps/web\nRUN npm run build -w apps/web\n\nFROM node:22-slim\n"
    "WORKDIR /app\nCOPY --from=build /app/apps/web/.next/standalone ./\n"
    "COPY --from=build /app/apps/web/.next/static ./apps/web/.next/static\nENV PORT=3000\n"
    "CMD node apps/web/server.js\n",
    "apps/web/src/app/healthz/route.ts": "",
    "apps/web/.env.example": "NEXT_PUBLIC_API_URL=http://localhost:4000/api\nNEXTAUTH_URL=http://localhost:3000\n"
    "NEXTAUTH_SECRET=\nAPI_INTERNAL_URL=http://api:4000/api\nNEXT_PUBLIC_SENTRY_DSN=\n",
    "apps/web/.env.local": f"NEXTAUTH_SECRET={SECRET}\n",
    "apps/api/package.json": '{"dependencies": {"@nestjs/core": "11", "@prisma/client": "6", "prisma": "6",'
    ' "ioredis": "5", "express": "5", "@nestjs/platform-socket.io": "11"}}',
    "apps/api/Dockerfile": "FROM node:22-slim\nWORKDIR /app\nCOPY package.json package-lock.json ./\n"
    "COPY packages packages\nCOPY apps/api apps/api\nEXPOSE 4000\nCMD node apps/api/dist/main.js\n",
    "apps/api/prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n',
    "apps/api/prisma/migrations/1_init/migration.sql": "CREATE TABLE a (b int);",
    "apps/api/.env.example": "# what the API needs\nPORT=4000\nDATABASE_URL=postgresql://u:p@localhost:5432/shop?schema=public\n"
    "REDIS_HOST=localhost\nREDIS_PORT=6379\nREDIS_PASSWORD=\nJWT_SECRET=your-secret-here\nJWT_EXPIRES_IN=15m\n"
    "ENCRYPTION_KEY=0123\nOPENAI_API_KEY=sk-...\nSMTP_PASSWORD=\nSMTP_HOST=smtp.example.com\nUPLOAD_LIMIT=20\n"
    "CORS_ORIGIN=http://localhost:3000\nODD={{ lookup('pipe', 'id') }}\n",
    "apps/api/.env": f"JWT_SECRET={SECRET}\n",
    "apps/admin/package.json": '{"dependencies": {"next": "15"}}',
}

FASTAPI = {
    "Dockerfile": "FROM python:3.13-slim\nWORKDIR /srv\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"
    "COPY . .\n"
    'CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0"]\n',
    "requirements.txt": "fastapi[standard]\npydantic-settings\n",
    "app/main.py": "",
    ".env.example": "API_TOKEN=\nDEBUG=false\n",
    ".env": f"API_TOKEN={SECRET}\n",
}

STATIC = {
    "Dockerfile": "FROM node:22 AS build\nWORKDIR /site\nCOPY . .\nRUN npm run build\nFROM nginx:1.27-alpine\n"
    "COPY --from=build /site/dist /usr/share/nginx/html\n",
    "package.json": '{"devDependencies": {"vite": "6"}, "scripts": {"build": "vite build"}}',
    "index.html": "",
    ".env": f"VITE_KEY={SECRET}\n",
}

APPS = {"one": ONE, "worker": WORKER, "monorepo": MONOREPO, "fastapi": FASTAPI, "static": STATIC}


def write(folder: Path, files: dict[str, str]) -> Path:
    """Make the app's folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def variables_of(files: dict[str, str]) -> dict[str, Any]:
    """Return what the inventory's files declare, with what a run knows beside: the vault, and where visitors come."""
    found: dict[str, Any] = {}
    for name in ("environment", "app"):
        found |= yaml.safe_load(files[f"group_vars/all/{name}.yml"])
    names = {text.strip("{} ") for text in found.get("app_secret_env", {}).values()}
    known = dict.fromkeys(names, "s" * 40) | {"app_url": "https://shop.test", "inventory_dir": "/inventory"}
    app = {name: value for name, value in found.items() if name.startswith("app_")}
    return found | Templar(loader=DataLoader(), variables=known).template(_trusted(app))


def faults(declared: dict[str, Any]) -> list[str]:
    """Return all that either runner and nginx have against it."""
    project = declared["provision_project"]
    whole = expand_presets(declared.get("app_data_services", {}), project)
    given = {
        "services": declared["app_services"],
        "data_services": whole["data_services"],
        "release_command": declared.get("app_release_command", {}),
        "database": whole["database"],
        "database_password": "x",
        "redis": whole["redis"],
        "redis_password": "x",
    }
    sites = {project: declared["app_site"]}
    found = app_problems(given, "app_")
    found += app_problems({**given, "edge_sites": sites, "registry": "10.0.0.1:5000"}, "app_")
    found += nginx_problems(sites) + nginx_problems(sites, place="swarm")
    found += service_problems(given["services"], given["data_services"])
    app = App(
        project,
        Path("/opt") / project,
        given["services"],
        given["data_services"],
        {**whole["volumes"], **declared.get("app_volumes", {})},
        declared.get("app_env", {}),
        declared.get("app_secret_env", {}),
    )
    made = ("DATABASE_USER", "DATABASE_PASSWORD", "DATABASE_OWNER_PASSWORD", "REDIS_PASSWORD", "REDIS_OWNER_PASSWORD")
    return found + variable_problems(app, dict.fromkeys(made, "x"), "app_") + build_problems(app, {}, "app_")


def _trusted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value
