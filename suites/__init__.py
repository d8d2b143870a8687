"""Data: sweeps, claims, published figures and baselines, and the code that validates them."""

from suites.claim import Case, Claim, load_claims
from suites.errors import SuiteError
from suites.networks import PrintedNetwork, load_networks
from suites.protocol import Protocol
from suites.published import load_published
from suites.published_row import PublishedRow
from suites.suite import PublishedSweep, Suite, Sweep, bundled_suites, load_suite

__all__ = [
    "Case",
    "Claim",
    "PrintedNetwork",
    "Protocol",
    "PublishedRow",
    "PublishedSweep",
    "Suite",
    "SuiteError",
    "Sweep",
    "bundled_suites",
    "load_claims",
    "load_networks",
    "load_published",
    "load_suite",
]
