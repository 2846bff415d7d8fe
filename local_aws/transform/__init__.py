"""Batch transform jobs: objects of S3 go through the image's own `serve`, and come back beside."""
