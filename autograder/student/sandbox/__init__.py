"""Runs untrusted code in a separate process, and exchanges plain data with it. It knows nothing of any assignment."""
