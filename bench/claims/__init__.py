"""Verdicts on published claims and figures: functions of records."""
