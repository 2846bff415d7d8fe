"""Classifies texts in S3 with a project's model, without an endpoint."""
