"""Verdicts for their readers: Gradescope, the terminal, a page."""
