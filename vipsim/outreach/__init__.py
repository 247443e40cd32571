"""Outreach: which contacts fall due, which of them are made today, and what they lead to."""
