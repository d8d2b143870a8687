"""Running many tasks: in worker processes on this machine, or in jobs of a cluster."""
