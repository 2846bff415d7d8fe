"""One step of a workflow each: what its handler calls, with adapters and time as arguments."""
