"""The hosted page: its files on S3 behind CloudFront, and the people who may sign in."""
