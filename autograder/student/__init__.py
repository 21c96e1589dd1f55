"""What students are given besides: it asks the public checks, compares, and tells. It holds nothing that is hidden."""
