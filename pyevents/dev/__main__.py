"""The helper process of the embedded pair: `python -m pyevents.dev`."""

import sys

from pyevents.dev.process import main

if __name__ == "__main__":
    main(sys.argv[1:])
