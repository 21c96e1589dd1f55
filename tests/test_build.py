"""What is committed is what would be built now."""

import nbformat
import numpy as np
import pytest

from autograder import bank, build, misconceptions, notebooks, oracle
from autograder.bank import Bank, BankError
from autograder.compare import same
from autograder.rubric import load
from autograder.sandbox.outcomes import Reply
from autograder.sandbox.remembering import RememberingZygote


@pytest.mark.parametrize("version", build.NOTEBOOKS)
def test_the_committed_notebook_is_up_to_date(version):
    committed = build.NOTEBOOKS[version].read_text(encoding="utf-8")
    assert committed == notebooks.text(notebooks.generate(version)), "run `ps7 build notebooks`"
    nbformat.validate(nbformat.reads(committed, as_version=4))


def test_the_template_holds_nothing_of_the_solution():
    solved = {cell.source for cell in notebooks.generate("solution").cells if cell.metadata.get("item")}
    blank = {cell.source for cell in notebooks.generate("template").cells}
    assert not solved & blank
    assert not any(cell.outputs for cell in notebooks.generate("template").cells if cell.cell_type == "code")


@pytest.fixture(scope="module")
def recorded():
    """The solved notebook and two misconceptions of each item, recorded now."""
    rubric = load()
    few = {}
    for mistake in misconceptions.recorded(rubric):
        few.setdefault(mistake.description.item, []).append(mistake)
    chosen = [mistake for mistakes in few.values() for mistake in mistakes[:3]]
    with RememberingZygote(rubric.environment) as zygote:
        return rubric, oracle.record(rubric, misconceptions.solution(), chosen, zygote)


def test_the_committed_banks_are_up_to_date(recorded):
    rubric, banks = recorded
    now, committed = oracle.in_memory(banks), Bank.read(("public", "hidden"))
    assert set(committed.misconceptions) == {mistake.slug for mistake in misconceptions.recorded(rubric)}
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
                # A few of them draw random numbers or overflow; what they are compared in is checked by the corpus.
                assert same(old, outcome, [f for f in fields if f not in outcome.arrays], rubric.tolerance), slug


def test_written_banks_are_read_back(recorded, tmp_path):
    rubric, banks = recorded
    oracle.write(banks, tmp_path)
    read, kept = Bank.read(("public", "hidden"), tmp_path), oracle.in_memory(banks)
    for item in rubric.items:
        for case in item.cases:
            one, other = read.expected(item.name, case), kept.expected(item.name, case)
            assert isinstance(one, Reply)
            assert isinstance(other, Reply)
            assert one.facts == other.facts
            assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in other.arrays)


def test_the_public_bank_holds_no_hidden_case():
    rubric = load()
    public = Bank.read(("public",))
    for item in rubric.items:
        for name, case in item.cases.items():
            if case.bank == "hidden":
                with pytest.raises(BankError):
                    public.expected(item.name, name)


def test_a_bank_that_is_not_there(tmp_path):
    with pytest.raises(BankError, match="ps7 build"):
        Bank.read(("public",), tmp_path)


def test_half_a_bank(tmp_path):
    (tmp_path / "public.json").write_bytes((bank.FOLDER / "public.json").read_bytes()[:5000])
    (tmp_path / "public.safetensors").write_bytes((bank.FOLDER / "public.safetensors").read_bytes())
    with pytest.raises(BankError, match="cannot be read"):
        Bank.read(("public",), tmp_path)
