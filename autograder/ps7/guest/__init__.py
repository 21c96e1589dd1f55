"""Code that runs in the same process as a student's code: probes, and stand-ins for what Colab has. Assume that every
student reads it."""
