"""In a kernel of `ps7 run`: a chosen data set, and backbones that are there, in place of what a notebook downloads."""
