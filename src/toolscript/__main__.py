"""`python -m toolscript`: the command line."""

import sys

from toolscript.surfaces.cli import main

if __name__ == "__main__":
    sys.exit(main())
