"""Runs untrusted code in a separate process and talks to it in plain data. Knows nothing of any assignment."""
