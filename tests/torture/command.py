"""What the tortures share at the command line: `N [SEED]`, and one line of JSON at the end."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["command"]


def command(torture: Callable[..., dict[str, Any]]) -> int:
    """Run one as the command line says, and return the exit status: 1 if its verdict is not good."""
    count = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else random.randrange(1 << 32)
    print(f"seed {seed}", file=sys.stderr)
    verdict = torture(count, seed, say=lambda text: print(text, file=sys.stderr))
    print(json.dumps(verdict))
    return 0 if verdict["good"] else 1
