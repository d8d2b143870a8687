"""The work that is measured: a network, its clip, and one step of inference or training."""
