"""Top-1 accuracy: of a network that is trained here, and of trained weights on anybody's videos."""
