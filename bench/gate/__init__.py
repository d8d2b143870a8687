"""The gate: whether a change made a network costlier, slower or less accurate than a baseline."""
