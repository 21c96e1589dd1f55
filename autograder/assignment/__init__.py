"""All that is Problem Set 7: rubric, probes, what guests find installed, and how its reports are read."""
