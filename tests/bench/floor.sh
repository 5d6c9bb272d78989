#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The floor: what site.yml leads to, by the shortest script that could do it. Runs as root on a bare droplet, in a folder
# with files.tar (the configuration files and the release that site.yml made). No checks, no diff, no undo.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends "$@" > /dev/null
tar --extract --absolute-names --file files.tar
systemctl reload ssh
systemctl enable --now --quiet nftables
systemctl restart docker
rm -f /etc/nginx/sites-enabled/default
systemctl reload nginx
compose() { docker compose --project-name "$1" --project-directory "/opt/izzzi/$2" "${@:3}"; }
compose izzzi-blue blue build --quiet
compose izzzi data up --detach --wait --quiet-pull 2> /dev/null
. /opt/izzzi/blue/.env
docker exec -i izzzi-postgres-1 psql --quiet -U izzzi -d izzzi <<SQL
DO \$\$ BEGIN CREATE ROLE $DATABASE_USER LOGIN PASSWORD '$DATABASE_PASSWORD' IN ROLE izzzi; EXCEPTION WHEN duplicate_object THEN END \$\$;
ALTER ROLE $DATABASE_USER SET role = 'izzzi';
SQL
compose izzzi-blue blue run --rm --no-deps -T backend node dist/migrate.js > /dev/null
compose izzzi-blue blue up --detach --wait --quiet-pull 2> /dev/null
curl --silent --fail --output /dev/null --retry 60 --retry-all-errors --retry-delay 1 http://127.0.0.1/api/health
