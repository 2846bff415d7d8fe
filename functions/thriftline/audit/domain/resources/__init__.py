"""What a collector finds in one account and region, one module for each kind of resource."""
