"""The report: page models built from measurements, then rendered."""
