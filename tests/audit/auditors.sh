# SPDX-License-Identifier: GPL-3.0-or-later
# Runs as root on the droplet: installs the auditors that run there, and prints the version of the SCAP content.
#
# The content and testssl.sh come from Debian sid: its ssg-debian knows Debian 13 too, and Debian 12's testssl.sh gives no
# grade. The content is unpacked only, testssl.sh is a script: nothing else of sid comes.
# A mirror may lag behind by more than the few days for which sid's lists are valid; they are signed all the same.
set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# openscap-scanner weighs every rule only with linux-base.
apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 \
  lynis openscap-scanner openscap-common linux-base > /dev/null
work=/root/audit-content
rm -rf "$work"
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
cd "$work"
echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main' > sources.list
sid="-qq -o Dir::Etc::SourceList=$work/sources.list -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=$work/lists"
sid="$sid -o Dir::Cache=$work/cache -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false"
apt-get $sid update
apt-get $sid download ssg-debian testssl.sh
dpkg-deb --fsys-tarfile ssg-debian_*.deb | tar --extract --strip-components 7 --wildcards '*/content/ssg-debian*-ds.xml'
apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 ./testssl.sh_*.deb > /dev/null
dpkg-deb --field ssg-debian_*.deb Version
rm -rf lists cache ./*.deb
