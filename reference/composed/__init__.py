"""The synthetic data set `composed`: drawings of STL-10's ten classes over procedural scenes, with captions.

`python -m reference.composed` renders it into the archive that ships with the grader. It stands in for STL-10 and
Flickr8k where those cannot be had; its difficulty is such that the reference's accuracies resemble the assignment's.
"""
