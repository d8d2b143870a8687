"""What is measured: the network of a point, its clip, and one step over it."""
