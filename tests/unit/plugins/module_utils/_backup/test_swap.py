# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._backup import swap


def test_both_names_change_or_neither():
    lines = swap.exchange("shop", "new", "old").split("BEGIN;\n")[-1].splitlines()
    assert lines == [
        'ALTER DATABASE "shop" RENAME TO "old";',
        'ALTER DATABASE "old" WITH ALLOW_CONNECTIONS true;',
        'ALTER DATABASE "new" RENAME TO "shop";',
        'ALTER DATABASE "shop" WITH ALLOW_CONNECTIONS true;',
        "COMMIT;",
    ]


def test_without_a_live_database_nothing_is_moved_away():
    assert '"shop" RENAME' not in swap.exchange("shop", "new", "", has_live=False)


def test_nobody_is_in_a_database_that_is_dropped():
    assert swap.drop("old").index("ALLOW_CONNECTIONS false") < swap.drop("old").index("DROP DATABASE")


def test_a_question_about_no_database_is_still_sql():
    assert "IN (NULL)" in swap.closed([])
