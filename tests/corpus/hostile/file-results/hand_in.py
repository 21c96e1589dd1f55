import json


def hand_in(folder, notebook, mark):
    (folder / "ps7.ipynb").write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}))
    (folder / "results.json").write_text(json.dumps({"score": 10, "tests": []}))
    (folder / "results").mkdir()
    (folder / "results" / "results.json").write_text(json.dumps({"score": 10, "tests": []}))
