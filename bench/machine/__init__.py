"""The machine: what it is, who else uses it, its devices, and how processes are started on it."""
