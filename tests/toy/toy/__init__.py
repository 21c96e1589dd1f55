"""Another assignment, with two items and a third that sorts, to show that the engine knows no assignment."""
