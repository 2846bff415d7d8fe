"""The cost audit's decisions: what was found, what of it is waste, what may be done about it."""
