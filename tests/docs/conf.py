# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the site that scripts/docs builds: the pages of docs/, and a page for each plugin and role."""

import os
import posixpath
import re
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

project = "izzzi.infra"
author = "The izzzi.infra maintainers"
project_copyright = f"2026, {author}"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
myst_heading_anchors = 4  # links to headings are those that a forge makes
html_theme = "alabaster"
html_title = project
html_theme_options = {"description": "A containerised web app on DigitalOcean, in one command", "fixed_sidebar": True}
nitpicky = True
highlight_language = "none"  # Jinja in YAML, and output of programs, are no language that Pygments knows

# Where what is linked from a page is when it is no page: a role's folder, a script, a test.
REPOSITORY = "https://github.com/izzzi/izzzi.infra/blob/main/"
LOG = logging.getLogger(__name__)
CHECKOUT = Path(os.environ["IZZZI_CHECKOUT"])
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?(?=\))")


def link_the_repository(app, name: str, text: list[str]) -> None:
    """Let links to what is no page lead to the repository. Warn of those that lead nowhere."""

    def target(match: re.Match) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1]))
        if not (CHECKOUT / path).exists():
            LOG.warning("the link to %s leads nowhere", match[1], location=name)
        is_page = (Path(app.srcdir) / path).is_file()
        return match[0] if is_page else f"{REPOSITORY}{path}{match[2] or ''}"

    text[0] = LINK.sub(target, text[0])


ANSIBLE = "https://docs.ansible.com/ansible/latest/"
CONFIGURATION = "reference_appendices/config"
PLACES = {
    "action_plugins": "plugins/action",
    "callback_plugins": "plugins/callback",
    "common_return_values": "reference_appendices/common_return_values",
    "ansible_configuration_settings": CONFIGURATION,
}


def link_ansible(_app, _environment, node, content):
    """Return a link to Ansible's own documentation, or None. Written here, so that no network is needed."""
    wanted = node["reftarget"]
    place = PLACES.get(wanted) or (CONFIGURATION if wanted.startswith("ANSIBLE_") else "")
    if match := re.fullmatch(r"ansible_collections\.(?!izzzi\.)(\w+)\.(\w+)\.(\w+)", wanted):
        place = f"collections/{'/'.join(match.groups())}"
    return nodes.reference("", "", content.deepcopy(), refuri=f"{ANSIBLE}{place}.html") if place else None


def setup(app) -> None:
    app.connect("source-read", link_the_repository)
    app.connect("missing-reference", link_ansible)
