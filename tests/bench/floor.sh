#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The floor: what site.yml leads to, by the shortest script that could do it. Runs as root on a bare droplet, in a folder
# with files.tar (the configuration files and the release that site.yml made). No checks, no diff, no undo.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends "$@" > /dev/null
settings() { cat /etc/docker/daemon.json 2> /dev/null || true; }
before=$(settings)
tar --extract --absolute-names --file files.tar
systemctl reload ssh
systemctl enable --now --quiet nftables
[ "$before" = "$(settings)" ] || systemctl restart docker
rm -f /etc/nginx/sites-enabled/default
systemctl reload nginx
# Its standard input is this script.
compose() { docker compose --progress quiet --project-name "$1" --project-directory "/opt/izzzi/$2" "${@:3}" < /dev/null; }
for colour in blue green; do docker network inspect "izzzi-$colour" > /dev/null 2>&1 || docker network create "izzzi-$colour" > /dev/null; done
compose izzzi-blue blue build --quiet
compose izzzi data up --detach --wait --quiet-pull
. /opt/izzzi/blue/.env
docker exec -i izzzi-postgres-1 psql --quiet -U izzzi -d izzzi <<SQL
DO \$\$ BEGIN CREATE ROLE $DATABASE_USER LOGIN PASSWORD '$DATABASE_PASSWORD' IN ROLE izzzi; EXCEPTION WHEN duplicate_object THEN END \$\$;
ALTER ROLE $DATABASE_USER SET role = 'izzzi';
SQL
docker exec izzzi-redis-1 redis-cli ACL SETUSER default ">$REDIS_PASSWORD" > /dev/null
compose izzzi-blue blue run --rm --no-deps -T backend node dist/migrate.js > /dev/null
compose izzzi-blue blue up --detach --wait --quiet-pull
curl --silent --fail --output /dev/null --retry 60 --retry-all-errors --retry-delay 1 http://127.0.0.1/api/health
