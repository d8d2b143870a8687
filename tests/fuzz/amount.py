"""How many inputs a reader is given: few in every run of the tests, many at night."""

import os

VARIABLE = "BLVBENCH_FUZZ_INPUTS"
FEW = 20  # of each reader: all of them in seconds

IS_NIGHT = VARIABLE in os.environ
INPUTS = int(os.environ.get(VARIABLE, FEW))
