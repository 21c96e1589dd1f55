import zipfile

import msgspec
import numpy as np
import pytest

from autograder.guest.namespace import Source
from autograder.ps7.staff.reproduction import calibration
from autograder.ps7.staff.reproduction.calibrating import CalibrationError, Run, Variant, calibration_of, tasks
from autograder.ps7.staff.reproduction.journal import Journal
from autograder.ps7.staff.reproduction.measuring import ADVANTAGE, LEANS_ON, Budget, Measured
from autograder.ps7.staff.reproduction.plots import draw
from autograder.ps7.staff.reproduction.showing import Shown
from autograder.ps7.student.datasets.archive import Dataset, DatasetError
from autograder.ps7.student.datasets.locating import find
from tests.ps7.small import small_dataset


@pytest.fixture
def small(tmp_path) -> Dataset:
    return Dataset(small_dataset(tmp_path / "small.zip"))


def runs(figures: list[float], mistake: str = "") -> list[Run]:
    return [
        Run(
            mistake=mistake,
            mistaken="train_ae" if mistake else "",
            item="report_ae",
            seed=seed,
            measured=Measured({"method_1": figure}, {"autoencoder": [1.0, 0.5]}),
            units=10.4,
        )
        for seed, figure in enumerate(figures)
    ]


class TestBand:
    @pytest.mark.parametrize(
        ("draw", "share"),
        [
            (lambda random, shape: random.normal(0.3, 0.02, shape), True),
            (lambda random, shape: random.normal(0.1, 0.04, shape), False),
            (lambda random, shape: random.binomial(80, 0.987, shape) / 80, True),
        ],
        ids=["accuracy", "difference", "nearly all"],
    )
    @pytest.mark.parametrize("seeds", [20, 50])
    def test_a_right_solution_falls_below_as_rarely_as_is_said(self, seeds, draw, share):
        values = draw(np.random.default_rng(seeds), (2000, seeds + 1))
        below = sum(fresh < calibration.band(known, share=share).least for *known, fresh in values.tolist())
        # 0.3 are expected; 5 or more come up once in 100,000.
        assert below < 5

    def test_is_no_wider_than_that(self):
        known = calibration.band(np.random.default_rng(0).normal(0.3, 0.02, 50).tolist())
        assert 0.3 - 6 * 0.02 < known.least < 0.3 - 3 * 0.02


class TestShipped:
    """The files that lie beside `composed`."""

    def test_is_for_what_is_shipped_and_resembles_the_assignments_table(self):
        known = calibration.read(find("composed"))
        assert 0.28 <= known.bands["method_1"].mean <= 0.36
        assert known.bands["method_2"].mean > 0.40
        assert known.bands[ADVANTAGE].mean >= 0.04
        assert known.bands["clip"].mean >= 0.75

    def test_no_seed_of_the_reference_is_a_false_alarm(self):
        for band in calibration.read(find("composed")).bands.values():
            assert len(band.values) >= 20
            assert min(band.values) >= band.least

    def test_was_made_with_the_budget_that_calibrate_takes(self):
        assert calibration.read(find("composed")).budget == Budget()


class TestFile:
    def test_is_read_back_as_it_was_written(self, small):
        made = calibration_of(small, Budget(), runs([0.3, 0.31, 0.29, 0.32]))
        path = calibration.write(made, small.path)
        assert path.name == "small.calibration.json"
        assert calibration.read(small) == made
        assert made.work == {"report_ae": 11}

    def test_says_what_to_do_where_there_is_none_or_it_is_for_something_else(self, small):
        with pytest.raises(DatasetError, match=r"`ps7 calibrate .*small\.zip` makes it"):
            calibration.read(small)
        made = calibration_of(small, Budget(), runs([0.3, 0.31, 0.29]))
        calibration.write(msgspec.structs.replace(made, digest="another"), small.path)
        with pytest.raises(DatasetError, match="another version"):
            calibration.read(small)

    def test_needs_three_seeds_and_a_reference_that_works(self, small):
        with pytest.raises(CalibrationError, match="3 seeds"):
            calibration_of(small, Budget(), runs([0.3, 0.31]))
        failed = msgspec.structs.replace(runs([0.3])[0], measured=None, stopped="no memory")
        with pytest.raises(CalibrationError, match="did not come to the end with seed 0: no memory"):
            calibration_of(small, Budget(), [*runs([0.3, 0.31, 0.29]), failed])

    def test_tells_the_power_against_a_mistake(self, small):
        stopped = msgspec.structs.replace(runs([0.0], "crashes")[0], measured=None)
        done = [*runs([0.3, 0.31, 0.29, 0.3]), *runs([0.1, 0.3], "half"), *runs([0.3], "unseen"), stopped]
        power = calibration_of(small, Budget(), done).power
        assert {slug: each.seen for slug, each in power.items()} == {"half": 0.5, "unseen": 0.0, "crashes": 1.0}

    def test_a_mistake_is_not_covered_by_the_reference_that_other_items_bring_along(self):
        names = {name for items in LEANS_ON.values() for name in items}
        for item, leans_on in LEANS_ON.items():
            for mistaken in leans_on:
                solution = {name: [Source(cell=1, line=1, source=name)] for name in names}
                variant = Variant(mistake="some", mistaken=mistaken, solution=solution, items=(item,))
                [task] = tasks([variant], [0])
                assert task.program[-1].source == mistaken
                assert {each.source for each in task.program} == {*leans_on}

    def test_is_drawn(self, small, tmp_path):
        made = calibration_of(small, Budget(), runs([0.3, 0.31, 0.29]))
        images = np.random.default_rng(0).random((2, 8, 3, 64, 64), dtype=np.float32)
        shown = Shown({"method_1": [0.1, 0.2, 0.3]}, *images)
        names = ["spread.png", "losses.png", "accuracies.png", "reconstructions.png"]
        assert [path.name for path in draw(made, shown, tmp_path / "plots")] == names
        assert all(path.stat().st_size > 5_000 for path in (tmp_path / "plots").iterdir())


class TestJournal:
    """The file that keeps the runs of an interrupted calibration."""

    def test_gives_back_what_was_added_but_for_a_line_that_was_cut_off(self, small):
        for run in (first := runs([0.3, 0.31, 0.29])):
            Journal(small, Budget()).add(run)
        journal = Journal(small, Budget())
        assert journal.runs == first
        with journal.path.open("ab") as file:
            file.write(msgspec.json.encode(first[0])[:40])
        again = Journal(small, Budget())
        assert again.runs == first
        again.add(first[0])
        assert Journal(small, Budget()).runs == [*first, first[0]]

    def test_is_begun_anew_for_another_budget_or_data_set(self, small, tmp_path):
        Journal(small, Budget()).add(runs([0.3])[0])
        assert Journal(small, Budget(clip=4)).runs == []
        Journal(small, Budget()).add(runs([0.3])[0])
        (tmp_path / "other").mkdir()
        other = small.path.rename(tmp_path / "small.zip.old")
        with zipfile.ZipFile(other, "a") as archive:
            archive.writestr("train/cat/more.txt", b"")
        assert Journal(Dataset(other.rename(small.path)), Budget()).runs == []

    def test_tells_runs_of_other_code_apart(self, small):
        code = [Source(cell=1, line=1, source="x = 1")]
        names = {name for items in LEANS_ON.values() for name in items}
        one, other = (
            tasks([Variant(solution=dict.fromkeys(names, each), items=("report_ae",))], [0])[0]
            for each in (code, [msgspec.structs.replace(code[0], source="x = 2")])
        )
        done = msgspec.structs.replace(runs([0.3])[0], code=one.key[-1])
        assert done.key == one.key
        assert done.key != other.key
