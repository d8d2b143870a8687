"""What was measured and what came out: points, measurements, the store and its index."""
