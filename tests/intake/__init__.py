"""What a class hands in, taken in."""
