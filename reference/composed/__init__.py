"""The synthetic data set `composed`: drawings of STL-10's ten classes over procedural scenes, with captions.

`python -m reference.composed` renders it into the archive that comes with the grader. It stands in for STL-10 and
Flickr8k where these are not available. It is about as hard: the reference's accuracies on it resemble the assignment's.
"""
