"""Choosing a network for a budget: candidates, a search, costs, accuracies and a ranking."""
