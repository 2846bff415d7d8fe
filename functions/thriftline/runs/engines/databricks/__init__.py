"""Preparation on a job cluster of Databricks, which starts with the run and ends with it."""
