# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import slot

CHAIN = {"system": "7"}
SLOT = {"wal_status": "reserved", "kept": "100", "active": True}


def test_a_verifier_is_that_of_rfc_7677():
    salt = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
    head, keys = slot.verifier("pencil", salt).rsplit("$", 1)
    assert head == "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
    assert keys == "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"system": "7", "slot": SLOT}, ""),
        ({"system": "8", "slot": SLOT}, "another database cluster"),
        ({"system": "7", "slot": None}, "has lost its replication slot"),
        ({"system": "7", "slot": {**SLOT, "wal_status": "lost"}}, "max_slot_wal_keep_size"),
        ({"system": "7", "slot": {**SLOT, "kept": "2000000", "active": False}}, "more than 1 MiB"),
        ({"system": "7", "slot": {**SLOT, "kept": "2000000"}}, ""),
        ({"system": "7", "slot": {"restart_lsn": None, "kept": None, "active": False}}, ""),
    ],
)
def test_when_a_chain_is_broken(facts, told):
    found = slot.broken(CHAIN, facts, 2**20)
    assert told in found
    assert bool(found) == bool(told)


def test_positions_are_numbers():
    assert slot.read('x\n{"lsn": "26734472", "time": 1.5}\n') == {"lsn": 26734472, "time": 1.5}
    assert slot.read('{"lsn": "0/1A"}')["lsn"] == "0/1A"
