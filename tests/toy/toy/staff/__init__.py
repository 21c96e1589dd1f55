"""What the zone's name says."""
