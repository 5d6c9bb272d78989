#!/usr/bin/env bash
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
cd /opt/izzzi/current
docker compose build --quiet
docker compose up --detach --wait --quiet-pull postgres redis mail 2> /dev/null
docker compose run --rm --no-deps -T backend node dist/migrate.js > /dev/null
docker compose up --detach --wait --quiet-pull 2> /dev/null
curl --silent --fail --output /dev/null --retry 60 --retry-all-errors --retry-delay 1 http://127.0.0.1/api/health
