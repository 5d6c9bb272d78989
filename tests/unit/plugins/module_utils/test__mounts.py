from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._mounts import anonymous


@pytest.mark.parametrize(
    ("volumes", "paths"),
    [
        (None, []),
        (["data:/data", "/srv:/srv:ro"], []),
        (["/data"], ["/data"]),
        ([{"type": "volume", "source": "data", "target": "/data"}, {"type": "tmpfs", "target": "/tmp"}], []),
        ([{"type": "volume", "target": "/data"}, {"target": "/more"}], ["/data", "/more"]),
    ],
)
def test_volumes_without_a_name_are_found_in_both_forms(volumes, paths):
    assert anonymous({"volumes": volumes}) == paths
