# SPDX-License-Identifier: GPL-3.0-or-later
"""What the routes share: the account, request bodies, and look-ups that end in a 404."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict

from ..account.cloud import Cloud
from ..account.state import R
from . import errors


class Body(BaseModel):
    """Describes the body of a request. A field that it does not name is refused."""

    model_config = ConfigDict(extra="forbid")


async def _cloud(request: Request) -> Cloud:  # async: what is not is called in a thread
    return request.app.state.cloud


Account = Annotated[Cloud, Depends(_cloud)]


def found(record: R | None) -> R:
    if record is None:
        raise errors.not_found()
    return record
