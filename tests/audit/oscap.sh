# SPDX-License-Identifier: GPL-3.0-or-later
# Runs as root on the droplet: oscap.sh CONTENT. Prints `PROFILE score NUMBER` and `PROFILE RULE RESULT` lines.
#
# Rules for machines are "not applicable" to containers, which the scanner tells by /.dockerenv. A droplet is a machine.
set -eu
content=$1
work=$(mktemp -d)
trap 'rm -rf "$work"; [ ! -e /.dockerenv.audit ] || mv /.dockerenv.audit /.dockerenv' EXIT
[ ! -e /.dockerenv ] || mv /.dockerenv /.dockerenv.audit
for profile in minimal intermediary; do
  # Exit status 2: some rules failed, which is what we came to hear.
  oscap xccdf eval --profile "anssi_bp28_$profile" --results "$work/results.xml" "$content" > "$work/log" 2>&1 ||
    [ $? = 2 ] || { tail -5 "$work/log" >&2; exit 1; }
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
