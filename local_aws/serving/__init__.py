"""The runtime of endpoints: containers that serve, and the calls that reach them."""
