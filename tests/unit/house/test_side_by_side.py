"""Tests that share a server run in one process, however many there are."""

from __future__ import annotations

import os

import pytest


def test_groups_are_known_where_xdist_is_not_in_use(pytestconfig: pytest.Config) -> None:
    assert any(line.startswith("xdist_group:") for line in pytestconfig.getini("markers")), "for `-p no:xdist`"


@pytest.mark.xdist_group("together")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="one process runs all tests")
def test_groups_are_kept_together(request: pytest.FixtureRequest) -> None:
    # xdist tells its scheduler of a group by the end of the name; where pytest does not let it, it says nothing.
    assert request.node.nodeid.endswith("@together")
