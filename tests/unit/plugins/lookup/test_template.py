# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar


class Large(dict):
    """Stands for the variables of a host."""

    def __deepcopy__(self, memo):
        raise AssertionError("it was copied")


@pytest.fixture
def render(tmp_path):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates/greeting.j2").write_text("{% if name %}\nHello {{ name }}, {{ host.port }}\n{% endif %}\n")
    variables = {"ansible_search_path": [str(tmp_path)], "name": "you", "host": Large(port=22)}

    def lookup(plugin: str, **options):
        loader = DataLoader()
        return lookup_loader.get(plugin, loader=loader, templar=Templar(loader, variables)).run(
            ["greeting.j2"], variables=variables, **options
        )

    return lookup


def test_the_text_is_the_same_and_the_variables_are_not_copied(render):
    assert render("izzzi.infra.template") == ["Hello you, 22\n"]
    with pytest.raises(AssertionError, match="it was copied"):
        render("ansible.builtin.template")


def test_its_options_are_those_of_the_other(render):
    assert render("izzzi.infra.template", template_vars={"name": "all"}) == ["Hello all, 22\n"]
    assert render("izzzi.infra.template", trim_blocks=False) == ["\nHello you, 22\n"]
    assert render("izzzi.infra.template", variable_start_string="[[", variable_end_string="]]") == [
        "Hello {{ name }}, {{ host.port }}\n"
    ]
