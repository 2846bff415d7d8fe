"""The program: one file when bundled, the same on a laptop, EMR, Databricks and Processing."""

SCHEMA_VERSION = "1.0"
