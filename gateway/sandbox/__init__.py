"""Pretend partner servers: invented people in a country's dialect, with switchable faults."""
