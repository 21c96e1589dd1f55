"""Students who report four accuracies, each in their own language and style."""

import random
from collections.abc import Sequence

from tests.ps7.report.languages import LANGUAGES

NAMES = ("method_1", "method_2", "method_3", "clip")
TESTED = 8000
NUMBERED = (
    ("Method 1", "Method 2", "Method 3"),
    ("method 1", "method 2", "method 3"),
    ("Method I", "Method II", "Method III"),
    ("M1", "M2", "M3"),
    ("method_1", "method_2", "method_3"),
)
HEADINGS = (
    "# Report",
    "## Report",
    "### Results",
    "# Report results",
    "## Final report",
    "**Report**",
    "## Summary of results",
)


class Author:
    """One student, by a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        pick = self.random
        self.language = LANGUAGES[pick.choices(list(LANGUAGES), (8, 1, 1, 1, 1))[0]]
        first = pick.randint(2080, 3120)
        hits = (first, pick.randint(3280, 4700), pick.randint(1400, min(first - 30, 2250)), pick.randint(6040, 7600))
        self.exact = {name: hit / TESTED for name, hit in zip(NAMES, hits, strict=True)}
        self.trained = {name: min(1.0, value * pick.uniform(1.05, 1.3)) for name, value in self.exact.items()}
        self.style = pick.choice(
            (
                "percent",
                "percent",
                "whole",
                "two",
                "fraction",
                "exact",
                "leading",
                "comma",
                "counted",
                "latex",
                "deviation",
            )
        )

    def labels(self) -> list[str]:
        """The names of the four figures, in one style."""
        if self.random.random() < 0.2:
            methods: Sequence[str] = self.language.described
        elif self.language is LANGUAGES["en"]:
            methods = self.random.choice(NUMBERED)
        else:
            methods = self.language.methods
        return [*methods, self.random.choice(self.language.probe)]

    def figure(self, name: str, value: float | None = None, *, prose: bool = False) -> tuple[str, float]:
        """A figure as it is written, and its value in percent."""
        value = self.exact[name] if value is None else value
        style = self.style
        if (style == "comma" and not self.language.comma) or (style in ("latex", "counted", "deviation") and prose):
            style = "percent"
        if style == "comma":
            text = f"{value:.1%}".replace(".", ",").replace("%", " %")
            return text, round(100 * value, 1)
        if style == "counted":
            hit = round(value * TESTED)
            return f"{hit}/{TESTED}", 100 * hit / TESTED
        decimals = {"percent": 1, "whole": 0, "two": 2, "latex": 1, "deviation": 1}.get(style)
        if decimals is not None:
            written = f"{100 * value:.{decimals}f}"
            space = self.random.choice(("", " "))
            shown = {"latex": rf"${written}\%$", "deviation": f"{written} ± 0.5 %"}.get(style, f"{written}{space}%")
            return shown, float(written)
        written = f"{value:.4f}" if style == "leading" else f"{value:.3f}" if style == "fraction" else str(value)
        return written.removeprefix("0") if style == "leading" and not prose else written, 100 * float(written)

    def all_figures(self, *, prose: bool = False) -> tuple[list[str], dict[str, float]]:
        """Of the four."""
        made = {name: self.figure(name, prose=prose) for name in NAMES}
        return [text for text, _ in made.values()], {name: value for name, (_, value) in made.items()}

    def heading(self) -> str:
        """Of the report."""
        return self.random.choice(HEADINGS) if self.language is LANGUAGES["en"] else f"## {self.language.heading}"

    def noisy(self, text: str) -> str:
        """The text with sentences around it that say nothing about the results."""
        before = self.random.sample(self.language.noise, self.random.choice((0, 0, 1)))
        if self.random.random() < 0.15:
            before.append(self.language.targets)
        after = self.random.sample(self.language.noise, self.random.choice((0, 0, 1)))
        return "\n\n".join([*before, text, *after])
