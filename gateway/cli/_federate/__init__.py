"""What `riskbridge model federate` is made of: sites, gateways of its own, the report."""
