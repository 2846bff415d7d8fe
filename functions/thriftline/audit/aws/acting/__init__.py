"""The calls that change an account, one module for each service, all through one executor."""
