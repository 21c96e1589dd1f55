"""What only the course staff has: it makes assignments, grades whole classes, and explains verdicts."""
