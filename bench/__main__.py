"""`python -m bench`, and the `blvbench` command."""

import sys

from bench.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
