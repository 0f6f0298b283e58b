"""What words mean: features, codes, units, and the records that travel between the packages."""
