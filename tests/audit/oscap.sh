# Runs as root on the droplet. Prints `PROFILE score NUMBER` and `PROFILE RULE RESULT` lines.
#
# Debian 13 has no SCAP content of its own in its packages, and content for machines is "not applicable" to containers.
# So, for the scanner only: os-release and debian_version of Debian 12 in a mount namespace, and no /.dockerenv.
set -eu
content=/usr/share/xml/scap/ssg/content/ssg-debian12-ds.xml
work=$(mktemp -d)
trap 'rm -rf "$work"; [ ! -e /.dockerenv.audit ] || mv /.dockerenv.audit /.dockerenv' EXIT
[ ! -e /.dockerenv ] || mv /.dockerenv /.dockerenv.audit
printf '%s\n' 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"' 'NAME="Debian GNU/Linux"' VERSION_ID=12 \
  VERSION_CODENAME=bookworm ID=debian > "$work/os-release"
echo 12.9 > "$work/debian_version"
for profile in minimal intermediary; do
  # Exit status 2: some rules failed, which is what we came to hear.
  unshare --mount sh -c '
    mount --bind "$1/os-release" /usr/lib/os-release && mount --bind "$1/debian_version" /etc/debian_version || exit 9
    exec oscap xccdf eval --profile "anssi_bp28_$2" --results "$1/results.xml" "$3" > "$1/log" 2>&1
  ' sh "$work" "$profile" "$content" || [ $? = 2 ] || { tail -5 "$work/log" >&2; exit 1; }
  python3 - "$profile" "$work/results.xml" <<'PYTHON'
import sys
import xml.etree.ElementTree as tree

profile, path = sys.argv[1:]
space = "{http://checklists.nist.gov/xccdf/1.2}"
result = tree.parse(path).getroot().find(f".//{space}TestResult")
print(profile, "score", result.find(f"{space}score").text)
for rule in result.iter(f"{space}rule-result"):
    name = rule.get("idref").removeprefix("xccdf_org.ssgproject.content_rule_")
    print(profile, name, rule.find(f"{space}result").text)
PYTHON
done
