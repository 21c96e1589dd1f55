"""What runs beside a student's code: probes, and what stands in for Colab. Every student is taken to read it."""
