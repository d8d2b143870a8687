"""What computes: the machine, its devices and processes."""
