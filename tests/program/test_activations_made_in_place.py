"""An activation that is made where it is applied comes after the call that it is applied to."""

from autograder.student.program import Definitions, applied, outline
from tests.notebooks import notebook

CLASS = """
class Decoder(nn.Module):
    def forward(self, x):
        return nn.Sigmoid()(self.b(F.relu(self.a(x))))
"""


def test_its_argument_comes_first():
    assert applied(Definitions(outline(notebook(CLASS))), "Decoder") == ["ReLU", "sigmoid"]
