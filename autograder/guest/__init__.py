"""Code that runs in the same process as a student's code. Assume that every student reads it: nothing here may help to
solve a part."""
