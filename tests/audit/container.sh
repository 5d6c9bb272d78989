# SPDX-License-Identifier: GPL-3.0-or-later
# Runs as root on a droplet: a web server of a few bytes in a container. `container.sh hardened` runs it as the docs
# recommend, `container.sh plain` as docker run does when it is told nothing.
set -eu
umask 022 # the host's is 027, and the container's user is not root
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends busybox-static > /dev/null
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 0755 "$folder"
mkdir -p "$folder/bin" "$folder/www" "$folder/tmp" "$folder/etc"
cp /bin/busybox "$folder/bin/busybox"
for tool in sh httpd nc wget cat; do ln -s busybox "$folder/bin/$tool"; done
echo alive > "$folder/www/index.html"
tar --create --directory "$folder" . | docker import --change 'CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]' \
  --change 'HEALTHCHECK --interval=10s --start-period=1s CMD nc -w 2 127.0.0.1 8080 < /dev/null' - audit/web:1 > /dev/null
docker rm --force web web-public > /dev/null 2>&1 || true
docker network inspect audit > /dev/null 2>&1 || docker network create audit > /dev/null
if [ "$1" = plain ]; then
  docker run --detach --name web --publish 8080:8080 audit/web:1 > /dev/null
else
  safe="--network audit --read-only --cap-drop ALL --security-opt no-new-privileges --memory 64m --cpus 0.5"
  safe="$safe --init --pids-limit 50 --user 65534:65534 --restart on-failure:5"
  # Docker's flag, not ours, decides on 0.0.0.0 here: the host firewall has to close it all the same.
  docker run --detach --name web-public $safe --publish 0.0.0.0:8090:8080 audit/web:1 > /dev/null
  docker run --detach --name web $safe --publish 127.0.0.1:8080:8080 audit/web:1 > /dev/null
fi
