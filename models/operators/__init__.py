"""PyTorch operators of the temporal modules: one pass over the frames, on any device."""
