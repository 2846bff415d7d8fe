"""The stack's HTTP API, as a person calls it: signed, retried, its problems in a sentence."""
