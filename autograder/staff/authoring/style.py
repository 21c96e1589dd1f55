"""The habits of one student."""

import random


class Style:
    """The habits of one student: the same choice wherever the same thing is written."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.hints = self.one_of(False, False, True)
        self.keywords = self.one_of(False, True)
        self.parent = self.one_of("nn.Module", "torch.nn.Module", "nn.Module")
        self.inherits = self.one_of("super().__init__()", "super().__init__()", "nn.Module.__init__(self)")

    def one_of(self, *choices: object) -> object:
        """One of the choices, drawn with the student's seed."""
        return self._chance.choice(choices)

    def text(self, *choices: str) -> str:
        """One of the texts, drawn with the student's seed."""
        return self._chance.choice(choices)

    def hinted(self, name: str, kind: str) -> str:
        """A parameter, with its type where this student writes types."""
        return f"{name}: {kind}" if self.hints else name
