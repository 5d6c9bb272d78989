# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles run again on a host whose app has visitors."""

from __future__ import annotations

from tests.e2e.driver import on_droplet, site
from tests.e2e.visitors import visitors

EDITED = (
    "/etc/nftables.conf",
    "/etc/ssh/sshd_config.d/00-izzzi.conf",
    "/etc/sysctl.d/zz-izzzi.conf",
    "/etc/fail2ban/jail.d/zz-izzzi.local",
    "/etc/nginx/nginx.conf",
)


def test_putting_edited_files_right_fails_no_request(address):
    on_droplet(f"sudo sh -c 'for file in {' '.join(EDITED)}; do echo \"# edited\" >> $file; done'")
    with visitors(address) as answers:
        run = site("--tags", "base,docker,nginx", "--diff")
    assert run.status == 0, run.output[-4000:]
    assert [file for file in EDITED if file not in run.output] == [], "the diff shows each"
    assert on_droplet(f"sudo grep -l '# edited' {' '.join(EDITED)} || true") == ""
    assert set(answers) == {200}, answers
    assert answers.total() > 50
