"""One student's habits."""

import random


class Style:
    """One student's habits: the same choice wherever the same thing is written."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.hints = self.one_of(False, False, True)
        self.keywords = self.one_of(False, True)
        self.parent = self.one_of("nn.Module", "torch.nn.Module", "nn.Module")
        self.inherits = self.one_of("super().__init__()", "super().__init__()", "nn.Module.__init__(self)")

    def one_of(self, *choices: object) -> object:
        """Any of them."""
        return self._chance.choice(choices)

    def text(self, *choices: str) -> str:
        """Any of them."""
        return self._chance.choice(choices)

    def hinted(self, name: str, kind: str) -> str:
        """A parameter, with its type where the student writes types."""
        return f"{name}: {kind}" if self.hints else name
