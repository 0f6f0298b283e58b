"""What is answered over HTTP: FHIR, JSON API, the console, health."""
