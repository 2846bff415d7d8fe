"""The rules: pure functions over an inventory, registered with what a person wants to know."""
