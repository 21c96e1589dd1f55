"""Another assignment, of two items and a third that sorts, to show that the engine knows none."""
