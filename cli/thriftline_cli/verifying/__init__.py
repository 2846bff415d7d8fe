"""What is asked of AWS about a deployed stack, without starting or changing anything in it."""
