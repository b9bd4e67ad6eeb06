"""The only code that touches a submission. nbgrader stays the face: its commands, its gradebook, its feedback."""
