"""Verdicts on published claims, and agreement with published counts: functions of records."""
