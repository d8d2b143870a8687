"""Sweeps on many machines: packs of points become jobs of a scheduler.

Jobs and the process that waits for them share only a folder. A job appends its results to a file
there, and only the waiting process writes to the store. Either may die at any time, and only the
points in flight are lost.
"""
