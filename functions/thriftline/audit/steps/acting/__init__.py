"""What is done about one planned action: looked at afresh, checked, done, and how to undo it."""
