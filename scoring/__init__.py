"""Feature rows to scores; pure."""
