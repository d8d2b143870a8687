"""Sweeps on many machines: packs of points as jobs of a scheduler, whose results are collected.

Jobs and the process that waits for them share a folder and nothing else: a job appends what it
measured to a file there, and only the waiting process writes to the store. Either may die at any
time and lose no more than the points in flight.
"""
