"""Makes an assignment: notebooks from their source, banks from the reference and its misconceptions, and the corpus."""
