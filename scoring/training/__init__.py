"""Training models of ours by recipe: read and clean, fit, validate, keep as a card.

A recipe (`scoring/recipes/*.toml`) is data: a new disease is a new file. scikit-learn is imported
only inside the functions that train with it.
"""
