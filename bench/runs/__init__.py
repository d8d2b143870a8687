"""Runs of many tasks: in worker processes here, or in jobs of a cluster."""
