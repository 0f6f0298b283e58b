"""The FHIR protocol: JSON, XML, structure, client, Bundles, OperationOutcome."""
