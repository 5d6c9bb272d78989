# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a JMESPath expression finds in the JSON of a verb. Used on the controller only. Pure."""

from __future__ import annotations

from typing import Any

try:
    import jmespath
    from jmespath.exceptions import JMESPathError
except ImportError:
    jmespath = None

LACKS = "needs the Python package jmespath on this machine: pip install jmespath"


def expression_problem(expression: str) -> str:
    """Say what is wrong with an expression and where. Return an empty text when nothing is."""
    if jmespath is None:
        return LACKS
    try:
        jmespath.compile(expression)
    except JMESPathError as error:
        place = getattr(error, "lex_position", getattr(error, "lexer_position", None))
        is_cut = place is None or place >= len(expression)
        where = "it breaks off at its end" if is_cut else f"look at {expression[place:]!r}"
        return f"is {expression!r}, which is no JMESPath expression: {where}"
    return ""


def look_up(data: Any, expression: str = "") -> Any:
    """Return what the expression finds, and all without one. Raise ValueError with what is wrong."""
    if not expression:
        return data
    if problem := expression_problem(expression):
        raise ValueError(f"jmespath {problem}")
    try:
        return jmespath.search(expression, data)
    except JMESPathError as error:
        raise ValueError(f"jmespath {expression!r} does not fit what is there: {error}") from error
