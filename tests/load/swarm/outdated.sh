# SPDX-License-Identifier: GPL-3.0-or-later
# Installs a package of which a repository on the host has a newer version, whose installation asks for a reboot.
set -e
umask 022
place=/srv/izzzi-proof
for version in 1.0 1.1; do
  mkdir -p $place/$version/DEBIAN
  printf '%s\n' 'Package: izzzi-proof' "Version: $version" 'Architecture: all' 'Maintainer: proof <proof@example.com>' \
    'Description: asks for a reboot' > $place/$version/DEBIAN/control
  printf '#!/bin/sh\ntouch /run/reboot-required\n' > $place/$version/DEBIAN/postinst
  chmod 755 $place/$version/DEBIAN/postinst
  dpkg-deb --build $place/$version $place/izzzi-proof_$version.deb
done
dpkg --install $place/izzzi-proof_1.0.deb
rm -f /run/reboot-required /run/izzzi-reboot/due
systemctl stop izzzi-reboot-due.service || true
cd $place
{
  cat 1.1/DEBIAN/control
  echo "Filename: ./izzzi-proof_1.1.deb"
  echo "Size: $(stat -c %s izzzi-proof_1.1.deb)"
  echo "SHA256: $(sha256sum izzzi-proof_1.1.deb | cut -d ' ' -f 1)"
} > Packages
echo "deb [trusted=yes] file:$place ./" > /etc/apt/sources.list.d/izzzi-proof.list
