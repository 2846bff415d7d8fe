"""What is read of one account and region, one module for each service."""
