"""The sub-commands of `riskbridge model`, one module each."""
