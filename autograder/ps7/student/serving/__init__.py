"""Runs in a kernel of `ps7 run`: gives the notebook a chosen data set, and local backbones, in place of its
downloads."""
