"""What moto's state machine interpreter needs to behave as Step Functions does."""
