# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a JMESPath expression finds in the JSON of a verb, or of an answer. Pure. What runs on every host does not
import it: jmespath would come along."""

from __future__ import annotations

import json
from collections.abc import Iterable
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


def unmet(document: Any, expressions: Iterable[str]) -> str:
    """Return the first expression that is false of the document, and what it finds; empty when all are true. As in
    JMESPath's own filters, what is empty or null is false, and 0 is true."""
    for expression in expressions:
        try:
            found = look_up(document, expression)
        except ValueError as error:
            return str(error)
        if found is False or found in (None, "", [], {}):
            return f"{expression} is {json.dumps(found)}"
    return ""
