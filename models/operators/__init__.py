"""PyTorch operators for the temporal modules: one pass over the frames, on any device."""
