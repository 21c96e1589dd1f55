"""Shows results to people: in the terminal, and as a page."""
