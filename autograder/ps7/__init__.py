"""Problem Set 7, Representation Learning, in the engine's three zones: an assignment like any other."""
