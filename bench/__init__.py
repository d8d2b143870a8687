"""Measure video-recognition networks, keep the figures, and judge by them.

records: what was measured. machine: where. workload: the network and its step. instruments: how
each quantity is measured. runs: many measurements. video: from files to clips. claims, gate,
choice: what the figures say. commands: the command line.
"""
