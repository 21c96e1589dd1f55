"""What runs beside a student's code. Every student is taken to read it: nothing here may help to solve a part."""
