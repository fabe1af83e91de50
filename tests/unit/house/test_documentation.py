"""Every code block of README and docs says whether it runs; `tests/embedded/test_documentation.py` runs them."""

from __future__ import annotations

import pytest

from tests.suite.document import PAGES, Block, blocks


@pytest.mark.parametrize("block", [block for page in PAGES for block in blocks(page)], ids=lambda block: block.place)
def test_block_says_whether_it_runs(block: Block) -> None:
    assert block.mark.startswith(("runnable", "not runnable: ")), (
        f"{block.place}: put <!-- runnable --> or <!-- not runnable: why --> before it (tests/suite/document.py)"
    )
