"""Pictures of findings on the page."""

import io
import math
import re

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from autograder.student.grading.pictures import Curve, Matrix, Photos, Strip
from autograder.student.output.drawing import HEIGHT, WIDTH, pictures_of, polylines
from autograder.student.output.html import render
from autograder.student.output.results import PICTURES, Test, decode, encode, from_verdicts
from tests.output.reports import verdict

JPEG = io.BytesIO()
Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(JPEG, "JPEG")
PICTURED = (
    Photos("Reconstructions", (Strip("<b>yours", JPEG.getvalue()),)),
    Curve("Loss", (2.0, 1.0, 1.5), (2.0, 1.2, 1.0)),
    Curve("Other loss", (2.0, 1.0)),
    Matrix("Similarities", ("a dog", "<i>"), ((0.9, -0.2), (0.1, 0.8))),
)


def pictured(pictures):
    """A page with them."""
    verdicts = [msgspec.structs.replace(verdict(score=score), pictures=pictures) for score in (0.0, 0.5)]
    return render(decode(encode(from_verdicts(verdicts))), title="A page", notebook_name="n.ipynb")


def test_they_come_through_the_results_file_onto_the_page():
    text = pictured(PICTURED)
    assert text.count("<figure>") == 8
    assert text.count("data:image/jpeg;base64,") == 2
    assert text.count("<rect") == 8
    assert "the reference (dashed): 2 → 1" in text
    assert "<b>" not in text
    assert "<i>" not in text
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", text)


@pytest.mark.parametrize(
    "held", [None, 3, "x", [{"type": "photos"}], [{"type": "curve", "caption": "", "values": "x"}]]
)
def test_what_is_no_picture_is_not_drawn(held):
    test = Test(number="1", name="", score=0, max_score=0, status="passed", output="", extra_data={PICTURES: held})
    assert pictures_of(test) == ()


@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=20), max_size=3))
def test_curves_stay_in_their_frame(curves):
    for line in polylines(*curves):
        points = [tuple(map(float, point.split(","))) for point in line.split()]
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT and math.isfinite(x + y) for x, y in points)
