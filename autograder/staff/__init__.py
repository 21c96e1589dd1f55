"""What the course staff alone has: it makes assignments, grades whole classes, and explains verdicts."""
