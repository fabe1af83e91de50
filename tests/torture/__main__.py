"""`python -m tests.torture N [SEED]`: one run, its verdict as one line of JSON; exit status 1 if it is not good."""

from __future__ import annotations

import json
import random
import sys

from tests.torture.run import torture

__all__: list[str] = []


def main() -> int:
    """Run it as the command line says."""
    count = int(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2] else random.randrange(1 << 32)
    print(f"seed {seed}", file=sys.stderr)
    verdict = torture(count, seed, say=lambda text: print(text, file=sys.stderr))
    print(json.dumps(verdict))
    return 0 if verdict["good"] else 1


if __name__ == "__main__":
    sys.exit(main())
