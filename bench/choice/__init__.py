"""Choosing a network for a budget: searches, costs, accuracies and ranks."""
