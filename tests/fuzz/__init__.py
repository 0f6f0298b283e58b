"""Coverage-guided fuzzing of what reads documents, run by hand; see CONTRIBUTING.md."""
