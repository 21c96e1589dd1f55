"""What students also get: the code that asks the public checks, compares the replies and reports. It holds nothing that
is hidden."""
