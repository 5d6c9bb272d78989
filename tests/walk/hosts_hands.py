# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do to a host by hand. A run makes good what is the role's, or refuses and says what to do; what is
theirs stays."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Hand:
    """`changes`: a run has something to do then (None: depends). `words`: a run refuses with them, until `cure`."""

    role: str
    command: str
    changes: bool | None = True
    words: tuple[str, ...] = ()
    cure: str = ""


# The first site of the role, as a shell variable.
SITE = "cd /etc/nginx/sites-available && site=$(grep -lx '# A site of the role izzzi.infra.nginx' * | head -n 1) && "
UNITS = "cd /etc/systemd/system && "
APT = "DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qq -y "
KEYS = "cd $(getent passwd USER | cut -d: -f6)/.ssh && "  # USER is base_user


def _nginx(command: str, changes: bool | None = True, *words: str, cure: str = "") -> Hand:
    return Hand("nginx", command, changes, words, cure)


def _docker(command: str, changes: bool | None = True, *words: str, cure: str = "") -> Hand:
    return Hand("docker", command, changes, words, cure)


def _base(command: str, changes: bool | None = True, *words: str, cure: str = "") -> Hand:
    return Hand("base", command, changes, words, cure)


HANDS = {
    "nginx stopped": _nginx("systemctl stop nginx"),
    "nginx disabled": _nginx("systemctl disable --quiet nginx"),
    "nginx masked": _nginx("systemctl mask --quiet --now nginx"),
    "nginx killed": _nginx("systemctl kill -s KILL nginx; sleep 1", None),
    "nginx.conf with nonsense": _nginx("echo 'nonsense on;' >> /etc/nginx/nginx.conf"),
    "nginx.conf with nonsense, then a reload": _nginx(
        "echo 'nonsense on;' >> /etc/nginx/nginx.conf; systemctl reload nginx || true"
    ),
    "nginx.conf with nonsense, then a restart": _nginx(
        "echo 'nonsense on;' >> /etc/nginx/nginx.conf; systemctl restart nginx || true"
    ),
    "nginx.conf empty": _nginx(": > /etc/nginx/nginx.conf"),
    "nginx.conf gone": _nginx("rm /etc/nginx/nginx.conf"),
    "nginx.conf a link": _nginx("cd /etc/nginx && mv nginx.conf mine.conf && ln -s mine.conf nginx.conf"),
    "a site edited and loaded": _nginx(
        SITE + "sed -i 's/listen [0-9]*/listen 8085/' $site && (nginx -q -t && systemctl reload nginx || true)"
    ),
    "a site gone": _nginx(SITE + "rm $site"),
    "a site for root alone": _nginx(SITE + "chmod 0600 $site"),
    "a site of another owner": _nginx(SITE + "chown nobody $site"),
    "a site's link gone": _nginx(SITE + "rm ../sites-enabled/$site && systemctl reload nginx"),
    "a site's link a file": _nginx(SITE + "cp --remove-destination $site ../sites-enabled/$site"),
    "a site a directory": _nginx(
        SITE + "rm $site && mkdir $site && touch $site/x; true", None, "is a directory", "Move it away",
        cure="cd /etc/nginx/sites-available && find . -mindepth 1 -type d -exec rm -r {} +",
    ),
    "the list of sites gone": _nginx("rm /etc/nginx/izzzi/own-sites"),
    "nginx's guard gone": _nginx("rm /usr/local/sbin/izzzi-nginx"),
    "nginx's guard cannot be run": _nginx("chmod 0644 /usr/local/sbin/izzzi-nginx"),
    "nginx's guard empty, then a restart": _nginx(": > /usr/local/sbin/izzzi-nginx; systemctl restart nginx || true"),
    "nginx's unit settings gone": _nginx("rm -r /etc/systemd/system/nginx.service.d && systemctl daemon-reload"),
    "nginx's pages gone": _nginx("rm -r /var/www/izzzi-pages"),
    "nginx's certificates gone": _nginx("rm -r /etc/nginx/tls"),
    "nginx's users gone": _nginx("rm -r /etc/nginx/izzzi-users"),
    "nginx's parts gone": _nginx("rm -r /etc/nginx/izzzi"),
    "nginx's notes gone": _nginx("rm -r /run/izzzi-nginx", None),
    "nginx's notes gone, then a restart": _nginx("rm -r /run/izzzi-nginx && systemctl restart nginx", None),
    "nginx's logs gone": _nginx("rm -r /var/log/nginx", None),
    "nginx's logs gone, then a restart": _nginx("rm -r /var/log/nginx && systemctl restart nginx || true"),
    "nginx's folder gone": _nginx("rm -r /etc/nginx"),
    "nginx's mime types gone": _nginx("rm /etc/nginx/mime.types", None),
    "nginx removed": _nginx(APT + "remove nginx nginx-common >/dev/null"),
    "nginx purged": _nginx(APT + "purge nginx nginx-common >/dev/null 2>&1"),
    "the rotation of logs stopped": _nginx("systemctl disable --quiet --now logrotate.timer"),
    "the rotation of logs masked": _nginx("systemctl mask --quiet --now logrotate.timer"),
    "somebody else on port 80": _nginx(
        "systemctl stop nginx && systemd-run --quiet --unit walk-other python3 -m http.server 80 && sleep 0.7", None,
        "80", cure="systemctl stop walk-other; systemctl reset-failed nginx || true",
    ),
    "a broken file of somebody else": _nginx(
        "echo 'nonsense on;' > /etc/nginx/conf.d/broken.conf", None, "/etc/nginx/conf.d/broken.conf",
        cure="rm /etc/nginx/conf.d/broken.conf",
    ),
    "a broken file of somebody else, then a restart": _nginx(
        "echo 'nonsense on;' > /etc/nginx/conf.d/broken.conf; systemctl restart nginx", None,
        "/etc/nginx/conf.d/broken.conf", cure="rm /etc/nginx/conf.d/broken.conf",
    ),
    "the engine stopped": _docker("systemctl stop docker.service docker.socket"),
    "the engine disabled": _docker("systemctl disable --quiet docker.service"),
    "the engine masked": _docker("systemctl mask --quiet --now docker.service docker.socket"),
    "the engine killed": _docker("systemctl kill -s KILL docker.service; sleep 4", None),
    "containerd stopped": _docker("systemctl stop containerd.service"),
    "containerd masked": _docker("systemctl mask --quiet --now containerd.service"),
    "the engine's socket stopped": _docker("systemctl stop docker.socket", None),
    "daemon.json gone": _docker("rm /etc/docker/daemon.json"),
    "daemon.json empty": _docker(": > /etc/docker/daemon.json"),
    "daemon.json cut short": _docker(
        "printf '{\"icc\": ' > /etc/docker/daemon.json", None, "daemon.json", "docker_daemon_replace_foreign",
        cure="rm /etc/docker/daemon.json",
    ),
    "daemon.json with a setting more": _docker(
        "echo '{\"max-concurrent-uploads\": 2}' > /etc/docker/daemon.json", None, "max-concurrent-uploads",
        cure="rm /etc/docker/daemon.json",
    ),
    "daemon.json with a setting less": _docker("echo '{\"icc\": true}' > /etc/docker/daemon.json"),
    "daemon.json with a setting less, then a restart": _docker(
        "echo '{\"icc\": true}' > /etc/docker/daemon.json && systemctl restart docker"
    ),
    "daemon.json for root alone": _docker("chmod 0600 /etc/docker/daemon.json"),
    "daemon.json a directory": _docker(
        "rm /etc/docker/daemon.json && mkdir /etc/docker/daemon.json", None, "daemon.json", "is a directory",
        cure="rmdir /etc/docker/daemon.json",
    ),
    "the engine's folder gone": _docker("rm -r /etc/docker"),
    "the engine's digest gone": _docker("rm /var/lib/izzzi/docker-daemon.sha256"),
    "the engine's note gone": _docker("rm -f /run/izzzi-docker-applied", None),
    "the pruning stopped": _docker("systemctl stop izzzi-docker-prune.timer", None),
    "the pruning disabled": _docker("rm -f /etc/systemd/system/timers.target.wants/izzzi-docker-prune.timer", None),
    "the pruning gone": _docker("rm -f /etc/systemd/system/izzzi-docker-prune.* && systemctl daemon-reload", None),
    "the pruning masked": _docker(
        UNITS + "rm -f izzzi-docker-prune.timer && systemctl mask --quiet --now izzzi-docker-prune.timer", None
    ),
    "a plugin removed": _docker(APT + "remove docker-compose >/dev/null", None),
    "the engine removed": _docker(APT + "remove docker.io >/dev/null"),
    "a setting as a flag": _docker(
        "mkdir -p /etc/systemd/system/docker.service.d && printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/dockerd"
        " -H fd:// --icc=true\\n' > /etc/systemd/system/docker.service.d/hand.conf && systemctl daemon-reload", None,
        "icc", "--icc=true",
        cure="rm /etc/systemd/system/docker.service.d/hand.conf && systemctl daemon-reload",
    ),
    "all rules flushed": _base("nft flush ruleset && sleep 0.5; systemctl restart docker", None),
    "the firewall deleted": _base("systemctl stop izzzi-firewall-watch && nft delete table inet izzzi"),
    "a rule more in the firewall": _base(
        "systemctl stop izzzi-firewall-watch; nft insert rule inet izzzi inbound tcp dport 9302 accept"
    ),
    "the firewall stopped": _base("systemctl disable --quiet --now nftables"),
    "the firewall masked": _base("systemctl mask --quiet --now nftables"),
    "the firewall's file gone": _base("rm /etc/nftables.conf"),
    "the firewall's file empty": _base(": > /etc/nftables.conf && systemctl reload nftables; true"),
    "the firewall removed": _base(APT + "remove nftables >/dev/null"),
    "the watch masked": _base(
        UNITS + "mv izzzi-firewall-watch.service /tmp && systemctl mask --quiet --now izzzi-firewall-watch"
    ),
    "fail2ban stopped": _base("systemctl stop fail2ban", None),
    "fail2ban disabled": _base("systemctl disable --quiet fail2ban", None),
    "fail2ban masked": _base("systemctl mask --quiet --now fail2ban", None),
    "fail2ban removed": _base(APT + "remove fail2ban >/dev/null", None),
    "a jail that ignores others": _base(
        "printf '[sshd]\\nignoreip = 127.0.0.1\\n' > /etc/fail2ban/jail.d/z.local; systemctl restart fail2ban", None
    ),
    "updates masked": _base("systemctl mask --quiet --now unattended-upgrades", None),
    "fail2ban's folder gone": _base("rm -r /etc/fail2ban; systemctl restart fail2ban; sleep 1"),
    "SSH's settings edited": _base("echo 'PermitRootLogin yes' >> /etc/ssh/sshd_config.d/00-izzzi.conf"),
    "SSH's settings gone": _base("rm /etc/ssh/sshd_config.d/00-izzzi.conf"),
    "SSH's settings with nonsense": _base(
        "echo 'Nonsense yes' >> /etc/ssh/sshd_config.d/00-izzzi.conf", None, "sshd refuses its present configuration",
        cure="rm /etc/ssh/sshd_config.d/00-izzzi.conf",
    ),
    "SSH's settings overruled": _base(
        "echo 'PasswordAuthentication yes' > /etc/ssh/sshd_config.d/00-a.conf; rm /etc/ssh/sshd_config.d/00-izzzi.conf",
        None, "00-a.conf before 00-izzzi.conf and would take its PasswordAuthentication yes",
        cure="rm /etc/ssh/sshd_config.d/00-a.conf",
    ),
    "SSH's settings not included": _base(
        "sed -i 's/^Include/#Include/' /etc/ssh/sshd_config", None, "Include",
        cure="sed -i 's/^#Include/Include/' /etc/ssh/sshd_config",
    ),
    "SSH disabled": _base("systemctl disable --quiet ssh.service"),
    "SSH's keys gone": _base("rm /etc/ssh/ssh_host_rsa_4096_key"),
    "a key more": _base(KEYS + "echo KEY >> authorized_keys"),
    "all keys gone": _base(KEYS + "rm authorized_keys"),
    "keys that all may write": _base(KEYS + "chmod 0666 authorized_keys"),
    "keys of root": _base(KEYS + "chown root authorized_keys"),
    "the keys' folder of root": _base(KEYS + "chown root ."),
    "base's file a directory": _base(
        "cd /etc/sysctl.d && rm zz-izzzi.conf && mkdir zz-izzzi.conf", None, "zz-izzzi.conf is a directory. Move it",
        cure="rmdir /etc/sysctl.d/zz-izzzi.conf",
    ),
    "the keys' folder gone": _base(KEYS + "cd .. && rm -r .ssh"),
    "a home that all may write": _base(
        KEYS + "chmod 0777 ..", None, "may be written by others", cure=KEYS + "chmod go-w .."
    ),
    "another shell": _base("usermod --shell /usr/sbin/nologin USER"),
    "sudo taken away": _base("rm /etc/sudoers.d/90-izzzi"),
    "sudo garbled": _base("echo nonsense > /etc/sudoers.d/90-izzzi"),
    "another zone": _base("ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime"),
    "login.defs edited": _base("sed -i 's/^UMASK.*/UMASK 000/' /etc/login.defs"),
    "a kernel setting": _base("sysctl -q -w net.ipv4.tcp_rfc1337=0"),
    "kernel settings gone": _base("rm /etc/sysctl.d/zz-izzzi.conf"),
    "cron.daily for all": _base("chmod 0755 /etc/cron.daily"),
    "PAM edited": _base("sed -i /faillock/d /etc/pam.d/common-auth", None),
    "the mounts stopped": _base("systemctl stop izzzi-mounts", None),
    "updates' settings gone": _base("rm /etc/apt/apt.conf.d/60izzzi", None),
}  # fmt: skip

# What somebody puts there for himself: a file, its text.
STRANGERS = {
    "/etc/nginx/conf.d/stranger.conf": "# a comment\n",
    "/etc/nginx/sites-enabled/stranger": (
        "server { listen 8095; server_name stranger.test; location / { return 200 stranger; } }\n"
    ),
    "/etc/nginx/izzzi/stranger/http.conf": "# not a release's\n",
    "/etc/nginx/snippets/stranger.conf": "# a comment\n",
    "/etc/nginx/tls/stranger.pem": "not read by anybody\n",
    "/var/www/izzzi-pages/unavailable.html": "<p>our own page</p>\n",
    "/etc/docker/certs.d/stranger.test/ca.crt": "ours\n",
    "/etc/systemd/system/docker.service.d/stranger.conf": "[Service]\nEnvironment=STRANGER=1\n",
    "/etc/systemd/system/nginx.service.d/stranger.conf": "[Service]\nEnvironment=STRANGER=1\n",
    "/etc/ssh/sshd_config.d/50-stranger.conf": "PrintMotd no\n",
    "/etc/sudoers.d/stranger": "# a comment\n",
    "/etc/sysctl.d/50-stranger.conf": "net.ipv4.tcp_keepalive_time = 7000\n",
    "/etc/fail2ban/jail.d/stranger.local": "[stranger]\nenabled = false\n",
    "/etc/cron.d/stranger": "# a comment\n",
    "/etc/apt/apt.conf.d/99stranger": "// a comment\n",
    "/etc/profile.d/stranger.sh": "# a comment\n",
    "/etc/systemd/journald.conf.d/stranger.conf": "[Journal]\nMaxRetentionSec=1year\n",
    "/etc/audit/rules.d/stranger.rules": "# a comment\n",
    "/usr/local/sbin/stranger": "#!/bin/sh\n",
}
