"""`python -m bench`: an alias of `blvbench` for a checkout."""

import sys

from blvbench import main

if __name__ == "__main__":
    sys.exit(main())
