# SPDX-License-Identifier: GPL-3.0-or-later
# A private CA and a certificate of it for the site: certificate.sh FOLDER NAME. Like a public one it says where its
# revocations are listed; testssl.sh holds it against a certificate that does not.
set -eu
cd "$1"
new_key() { openssl ecparam -genkey -name prime256v1 -noout -out "$1"; }
umask 077
new_key ca.key
openssl req -x509 -new -key ca.key -days 3650 -subj "/CN=audit CA" -out ca.pem \
  -addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign
new_key site.key
openssl req -new -key site.key -subj "/CN=$2" -out site.csr
printf '%s\n' "subjectAltName=DNS:$2" basicConstraints=CA:false keyUsage=critical,digitalSignature \
  extendedKeyUsage=serverAuth "crlDistributionPoints=URI:http://crl.$2/ca.crl" > site.ext
openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 90 -extfile site.ext -out site.pem 2>/dev/null
