"""Who we are to partners, and who callers are to us."""
