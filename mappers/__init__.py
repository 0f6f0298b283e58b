"""FHIR resources to measurements and feature rows, and scores to RiskAssessments; pure."""
