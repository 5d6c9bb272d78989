# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._app.on_host import code, imports


def test_imports_are_followed_wherever_they_stand():
    text = "import os\nfrom . import a, b\nfrom ..x import y\ndef f():\n    from .c.d import (e,\n        f)\n"
    assert set(imports("p/q.py", text)) >= {"p/a.py", "p/b.py", "x.py", "x/y.py", "p/c/d.py", "p/c/d/e.py"}
    assert not [name for name in imports("p/q.py", text) if "os" in name]


def test_a_program_brings_all_that_it_imports_and_nothing_else(tmp_path):
    for name, text in {
        "p/m.py": "from ..q.n import x",
        "q/n.py": "from . import o",
        "q/o.py": "",
        "q/z.py": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert list(code("p/m.py", root=tmp_path)) == ["p/m.py", "q/n.py", "q/o.py"]
