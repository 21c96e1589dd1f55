"""Tests of the room that takes in what a class hands in."""
