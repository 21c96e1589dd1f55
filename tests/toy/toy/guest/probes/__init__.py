"""What is asked of the toy."""
