"""The matches are found in whatever form and place a notebook leaves them."""

import sys

import pytest

from tests.late import Late, torch

retrieval = Late("autograder.ps7.guest.probes.retrieval")

HEAD = """
from transformers import DistilBertTokenizer
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokens = {"input_ids": torch.tensor([[101, *(ord(letter) for letter in query), 102]])}
    tokens["attention_mask"] = torch.ones_like(tokens["input_ids"])
    with torch.no_grad():
        text = model.text_projection(model.text_encoder(**tokens))
    best = (text @ image_embeddings.T).squeeze(0).topk(k).indices
"""
ASKED = {"query": "two dogs", "seed": 7, "photos": 40, "k": 5}


@pytest.fixture
def ask(namespace):
    def put(body, **changes):
        return retrieval.retrieve(
            namespace(HEAD.replace("from transformers import DistilBertTokenizer\n", "") + body), **(ASKED | changes)
        )

    return put


ENDINGS = {
    "returned": "    return [image_filenames[i] for i in best]",
    "array": "    return image_filenames[best.numpy()]",
    "local": "    matches = image_filenames[best.numpy()]",
    "local, then drawing fails": "    matches = list(image_filenames[best.numpy()])\n    raise OSError('no screen')",
    "paths": "    matches = [f'Images/{image_filenames[i]}' for i in best]",
    "in a helper": "    def inner():\n        matches = list(image_filenames[best.numpy()])\n    inner()",
    "global": "    global matches\n    matches = list(image_filenames[best.numpy()])",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_wherever_matches_are_left(ask, ending):
    facts, arrays = ask(ENDINGS[ending])
    assert (facts["kind"], facts["count"], facts["distinct"], facts["nested"]) == ("names", 5, 5, False)
    assert len(arrays["ranking"]) == 5
    assert (arrays["ranking"] >= 0).all()


def test_the_variable_counts_more_than_what_is_returned(ask):
    facts, _ = ask("    matches = list(image_filenames[best.numpy()])\n    return matches[:1]")
    assert facts["count"] == 5


@pytest.mark.parametrize(
    ("ending", "kind", "nested"),
    [
        ("    return best", "positions", False),
        ("    return best.tolist()", "positions", False),
        ("    return list(best)", "positions", False),
        ("    return None", "nothing", False),
        ("    return [[image_filenames[i] for i in best]]", "names", True),
        ("    return [object()]", "something else", False),
        ("    return [(image_filenames[i], 0.5) for i in best]", "names with something else beside each", False),
        ("    return {image_filenames[i]: 0.5 for i in best}", "names with something else beside each", False),
        ("    return ', '.join(image_filenames[i] for i in best)", "one text", False),
    ],
)
def test_other_forms(ask, ending, kind, nested):
    facts, _ = ask(ending)
    assert (facts["kind"], facts["nested"] if kind != "nothing" else nested) == (kind, nested)


def test_the_ranking_is_the_true_one(ask):
    _, arrays = ask(ENDINGS["array"], k=40)
    assert sorted(arrays["ranking"].tolist()) == list(range(40))
    _, other = ask(ENDINGS["array"], k=40, query="a boat")
    assert arrays["ranking"].tolist() != other["ranking"].tolist()


def test_earlier_queries_change_nothing(ask):
    facts, first = ask(ENDINGS["array"])
    _, later = ask(ENDINGS["array"], earlier=["a boat", "snow"])
    assert first["ranking"].tolist() == later["ranking"].tolist()
    assert facts["inputs_changed"] is False


def test_twins_count_as_one_another(ask):
    facts, arrays = ask(ENDINGS["array"], twins=True, k=6)
    assert facts["distinct"] == 6
    assert (arrays["ranking"] % 2 == 0).all()
    assert len(set(arrays["ranking"].tolist())) == 3


def test_what_fails_before_there_are_matches_raises(ask):
    with pytest.raises(ZeroDivisionError):
        ask("    return 1 / 0")
    assert sys.getprofile() is None


def test_a_name_by_itself_is_one_match(ask):
    """numpy returns it for an array that is indexed by a tensor with one number."""
    facts, arrays = ask("    import numpy\n    return numpy.array(image_filenames)[torch.tensor([3])]")
    assert (facts["kind"], facts["count"], arrays["ranking"].tolist()) == ("names", 1, [3])


def test_a_name_that_is_none_of_the_photos(ask):
    _, arrays = ask("    return ['other.jpg', image_filenames[3]]")
    assert arrays["ranking"].tolist() == [-1, 3]


def test_what_fails_on_the_way_to_the_matches_raises(ask):
    """The given code sets `matches` to None first, and some solutions set it to the similarities on the way."""
    for before in ("None", "image_embeddings[0]"):
        with pytest.raises(ZeroDivisionError):
            ask(f"    matches = {before}\n    1 / 0\n    matches = image_filenames[:k]\n    return matches")


def test_what_fails_after_the_matches_does_not(ask):
    facts, _ = ask("    matches = None\n    matches = list(image_filenames[:k])\n    return 1 / 0")
    assert facts["kind"] == "names"
    assert facts["raised"].startswith("ZeroDivisionError")


def test_embeddings_that_are_changed_are_seen(ask):
    facts, _ = ask("    image_embeddings.zero_()\n" + ENDINGS["array"])
    assert facts["kind"] == "names"
    assert facts["inputs_changed"] is True


def test_a_loop_over_the_photos_repeats_itself(namespace):
    body = HEAD.replace("from transformers import DistilBertTokenizer\n", "")
    looped = body.replace(
        "(text @ image_embeddings.T).squeeze(0)", "torch.stack([text[0] @ row for row in image_embeddings])"
    )
    arguments = {"query": "a horse", "seed": 1, "photos": 60}
    assert retrieval.retrieve(namespace(body + ENDINGS["array"]), **arguments)[0]["loops"] is False
    assert retrieval.retrieve(namespace(looped + ENDINGS["array"]), **arguments)[0]["loops"] is True


def test_stand_in_text_encoder_takes_the_mask_seriously():
    table = retrieval.TextVectors(1)
    ids = torch.tensor([[5, 6, 0, 0]])
    masked = table(ids, torch.tensor([[1, 1, 0, 0]]))
    assert torch.equal(masked, table(torch.tensor([[5, 6]]), torch.ones(1, 2, dtype=torch.int64)))
    assert not torch.equal(masked, table(ids, torch.tensor([[1, 1, 1, 1]])))
    assert not torch.equal(masked, table(torch.tensor([[6, 5]]), torch.ones(1, 2, dtype=torch.int64)))
    assert torch.allclose(masked[:, :256].norm(), torch.ones(()))
