"""The demonstration: pretend countries, the gateway between them, and what it did, in numbers."""
