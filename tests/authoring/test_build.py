"""The committed files are the files that would be built now."""

import msgspec
import nbformat
import numpy as np
import pytest

from autograder.guest.outcomes import Reply
from autograder.ps7.student.assignment import PS7
from autograder.staff.authoring import frames, misconceptions
from autograder.staff.authoring.banks import divided, in_memory, write
from autograder.staff.authoring.recording import known, record
from autograder.student.grading.bank import Bank, BankError
from autograder.student.grading.compare import same
from autograder.student.grading.rubric import load
from autograder.student.grading.sketch import sketched


@pytest.mark.parametrize(("version", "path"), [("template", PS7.blank), ("solution", PS7.solution)])
def test_the_committed_notebook_is_up_to_date(version, path):
    committed = path.read_text(encoding="utf-8")
    assert committed == frames.text(frames.generate(PS7, version)), "run `ps7 build notebooks`"
    nbformat.validate(nbformat.reads(committed, as_version=4))


def test_what_the_frames_say_in_figures_is_up_to_date():
    committed = PS7.handed_out.read_text(encoding="utf-8").splitlines()
    assert committed == frames.handed_out(PS7), "run `ps7 build notebooks`"


def test_the_template_holds_nothing_of_the_solution():
    solved = {cell.source for cell in frames.generate(PS7, "solution").cells if cell.metadata.get("item")}
    blank = {cell.source for cell in frames.generate(PS7, "template").cells}
    assert not solved & blank
    assert not any(cell.outputs for cell in frames.generate(PS7, "template").cells if cell.cell_type == "code")


@pytest.fixture(scope="module")
def recorded(rubric, plain):
    """The solved notebook and two misconceptions of each item, recorded now."""
    few = {}
    for mistake in misconceptions.recorded(PS7, rubric):
        few.setdefault(mistake.description.item, []).append(mistake)
    chosen = [mistake for mistakes in few.values() for mistake in mistakes[:3]]
    made = record(rubric, frames.submission(PS7, "solution"), chosen, plain)
    return rubric, divided(made, rubric)


def test_what_probes_know_is_up_to_date(rubric, plain):
    now = known(PS7, rubric, frames.submission(PS7, "solution"), plain)
    path = PS7.folder.joinpath(*PS7.known.split(".")).with_suffix(".json")
    committed = msgspec.json.decode(path.read_bytes(), type=dict[str, list[float]])
    assert committed.keys() == now.keys()
    for name, numbers in committed.items():
        assert np.allclose(numbers, now[name], rtol=1e-4, atol=1e-5), "run `ps7 build known`"


def test_the_committed_banks_are_up_to_date(recorded):
    rubric, banks = recorded
    now, committed = in_memory(banks), PS7.bank()
    assert set(committed.misconceptions) == {mistake.slug for mistake in misconceptions.recorded(PS7, rubric)}
    for item in rubric.items:
        for case in item.cases:
            fresh, kept = now.expected(item.name, case), committed.expected(item.name, case)
            assert isinstance(fresh, Reply)
            assert isinstance(kept, Reply)
            fields = [*fresh.facts, *fresh.arrays]
            assert same(kept, fresh, fields, rubric.tolerance), f"{item.name}.{case}: run `ps7 build banks`"
            assert set(committed.mistaken(item.name, case)) == {
                slug for slug, each in committed.misconceptions.items() if each.item == item.name
            }
            for slug, outcome in now.mistaken(item.name, case).items():
                old = committed.mistaken(item.name, case)[slug]
                fields = [*outcome.facts, *outcome.arrays] if isinstance(outcome, Reply) else []
                # A few of them draw random numbers or overflow; the corpus checks the fields in which these are
                # compared.
                assert same(old, outcome, [f for f in fields if f not in outcome.arrays], rubric.tolerance), slug


def test_the_committed_pairs_are_up_to_date(rubric, plain):
    committed = Bank.read([PS7.bank_at("public-pairs"), PS7.bank_at("hidden-pairs")])
    every = [mistake for item in rubric.items for mistake in misconceptions.pairs(PS7, item.name)]
    assert set(committed.misconceptions) == {mistake.slug for mistake in every}, "run `ps7 build pairs`"
    chosen = every[::100]
    made = record(rubric, frames.submission(PS7, "solution"), chosen, plain, reduced=sketched)
    for mistake in chosen:
        item = rubric.item(mistake.description.item)
        for check in item.checks:
            for case in check.cases:
                fresh = made.replies[f"{item.name}.{case}"][mistake.slug]
                kept = committed.mistaken(item.name, case)[mistake.slug]
                assert same(kept, fresh, check.fields, rubric.tolerance), f"{mistake.slug}: run `ps7 build pairs`"


def test_written_banks_are_read_back(recorded, tmp_path):
    rubric, banks = recorded
    write(banks, tmp_path.joinpath)
    read, kept = Bank.read([tmp_path / "public", tmp_path / "hidden"]), in_memory(banks)
    for item in rubric.items:
        for case in item.cases:
            one, other = read.expected(item.name, case), kept.expected(item.name, case)
            assert isinstance(one, Reply)
            assert isinstance(other, Reply)
            assert one.facts == other.facts
            assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in other.arrays)


def test_the_public_bank_holds_no_hidden_case():
    rubric = load(PS7)
    public = PS7.bank("public")
    for item in rubric.items:
        for name, case in item.cases.items():
            if case.bank == "hidden":
                with pytest.raises(BankError):
                    public.expected(item.name, name)


def test_a_bank_that_is_not_there(tmp_path):
    with pytest.raises(BankError, match="build banks"):
        Bank.read([tmp_path / "public"])


def test_half_a_bank(tmp_path):
    (tmp_path / "public.json").write_bytes(PS7.bank_at("public").with_suffix(".json").read_bytes()[:5000])
    (tmp_path / "public.safetensors").write_bytes(PS7.bank_at("public").with_suffix(".safetensors").read_bytes())
    with pytest.raises(BankError, match="cannot be read"):
        Bank.read([tmp_path / "public"])
