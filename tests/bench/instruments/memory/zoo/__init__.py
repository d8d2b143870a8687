"""Small networks of all kinds over a clip of `SHAPE`, N x 3 x T x H x W, with 10 classes."""

# Importing the first three enters their networks into ZOO.
from tests.bench.instruments.memory.zoo import plain, sequences, storages
from tests.bench.instruments.memory.zoo.parts import SHAPE, ZOO

__all__ = ["SHAPE", "ZOO", "plain", "sequences", "storages"]
