"""Measuring video-recognition networks: MACs, memory, and what a store of measurements says."""
