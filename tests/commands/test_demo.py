"""The notebooks that `ps7 demo` grades."""

from autograder.ps7.student.assignment import PS7
from autograder.staff.commands.demo import samples
from autograder.student.submission.notebook import read_notebook


def test_every_sample_is_there_and_can_be_read(rubric, tmp_path):
    found = dict(samples(PS7, tmp_path, rubric))
    assert list(found) == ["solution", "template", *PS7.samples]
    assert all(len(read_notebook(path).cells) > 20 for path in found.values())
