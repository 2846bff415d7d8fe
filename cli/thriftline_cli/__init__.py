"""The command line of Thriftline: what people ask a stack for, and what they are told."""

__version__ = "0.1.0"
