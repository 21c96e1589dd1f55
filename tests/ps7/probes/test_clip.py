"""The reference's loss under the probe: it is the assignment's formula, with its invariances, for every size of minibatch."""

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.late import Late

clip = Late("autograder.ps7.guest.probes.clip")

SOURCE = (Path(__file__).parents[3] / "reference" / "clip.py").read_text()
MODEL = next(
    ast.get_source_segment(SOURCE, node) for node in ast.parse(SOURCE).body if getattr(node, "name", "") == "CLIPModel"
)
FRAME = "temperature, image_embedding, text_embedding = 0.07, 2048, 768\nclass ProjectionHead(nn.Module): pass\n"

many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
cases = {
    "seed": st.integers(0, 2**16),
    "count": st.integers(2, 64),
    "temperature": st.floats(0.05, 5),
    "kinship": st.floats(0, 1),
}


@pytest.fixture
def model(namespace):
    return namespace(FRAME + MODEL)


def formula(first, second, temperature):
    """The assignment's L(I, T) and L(T, I) in double precision, term by term."""
    first, second = (np.asarray(each, dtype=np.float64) for each in (first, second))
    first, second = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (first, second))

    def one_way(images, texts):
        terms = []
        for i in range(len(images)):
            similarities = np.array([images[i] @ texts[j] / temperature for j in range(len(texts))])
            terms.append(similarities[i] - similarities.max() - np.log(np.exp(similarities - similarities.max()).sum()))
        return -sum(terms) / len(terms)

    return (one_way(first, second) + one_way(second, first)) / 2


@many
@given(**cases)
def test_it_is_the_formula(model, seed, count, temperature, kinship):
    facts, arrays = clip.loss(model, seed=seed, count=count, temperature=temperature, kinship=kinship)
    assert facts["loss_shape"] == []
    assert arrays["loss"][0] == pytest.approx(
        formula(*clip._embeddings(seed, count, kinship), temperature), rel=1e-4, abs=1e-5
    )


@many
@given(**cases)
def test_the_order_of_the_pairs_and_the_exchange_of_the_sides_change_nothing(model, seed, count, temperature, kinship):
    arguments = {"seed": seed, "count": count, "temperature": temperature, "kinship": kinship}
    _, plain = clip.loss(model, **arguments)
    _, permuted = clip.loss(model, **arguments, permute=True)
    _, exchanged = clip.loss(model, **arguments, exchange=True)
    assert permuted["loss"] == pytest.approx(plain["loss"], rel=1e-4, abs=1e-6)
    assert exchanged["loss"] == pytest.approx(plain["loss"], rel=1e-4, abs=1e-6)


def test_gradients_arrive_at_the_image_encoder_and_at_the_text_head(model):
    _, arrays = clip.loss(model, seed=1, count=16, temperature=0.4, kinship=0.5)
    assert np.abs(arrays["image_gradient"]).max() > 1e-4
    assert np.abs(arrays["text_gradient"]).max() > 1e-4


@pytest.mark.parametrize(
    ("given_", "global_", "expected"), [(None, None, 0.07), (0.5, None, 0.5), (2.5, 0.07, 2.5), (0.5, 9.0, 0.5)]
)
def test_the_constructors_temperature_counts_whatever_the_global_is(model, given_, global_, expected):
    _, arrays = clip.loss(model, seed=2, count=8, temperature=given_, global_temperature=global_, kinship=0.5)
    assert arrays["loss"][0] == pytest.approx(formula(*clip._embeddings(2, 8, 0.5), expected), rel=1e-4)


def test_a_model_that_reads_the_global_is_right_when_both_agree_and_wrong_when_not(namespace):
    reader = namespace(FRAME + MODEL.replace("/ self.temperature", "/ temperature"))
    right = formula(*clip._embeddings(2, 8, 0.5), 0.5)
    _, agreeing = clip.loss(reader, seed=2, count=8, temperature=0.5, kinship=0.5)
    _, other = clip.loss(reader, seed=2, count=8, temperature=0.5, global_temperature=0.07, kinship=0.5)
    assert agreeing["loss"][0] == pytest.approx(right, rel=1e-4)
    assert other["loss"][0] != pytest.approx(right, rel=1e-2)


def test_a_loop_over_the_minibatch_repeats_itself_and_a_matrix_product_does_not(model, namespace):
    arguments = {"seed": 1, "temperature": 0.4, "count": 32, "kinship": 0.5}
    assert clip.loss(model, **arguments)[0]["loops"] is False
    rows = "logits_per_image = torch.stack([row @ text_embeddings.T for row in image_embeddings]) / self.temperature"
    looped = MODEL.replace("logits_per_image = image_embeddings @ text_embeddings.T / self.temperature", rows)
    assert looped != MODEL
    assert clip.loss(namespace(FRAME + looped), **arguments)[0]["loops"] is True


SEVERAL_CALLS = """
        halves = [self.image_projection(self.image_encoder(half)) for half in batch["image"].chunk(2)]
        image_embeddings = torch.cat(halves)
        with torch.no_grad():
            self.text_projection(self.text_encoder(batch["input_ids"], batch["attention_mask"]))
"""


def test_gradients_of_all_calls_count_and_those_without_gradient_do_not(model, namespace):
    several = MODEL.replace("        image_embeddings = self.image_projection(image_features)\n", SEVERAL_CALLS)
    assert several != MODEL
    arguments = {"seed": 1, "temperature": 0.4, "count": 32, "kinship": 0.5}
    (_, once), (_, often) = (clip.loss(each, **arguments) for each in (model, namespace(FRAME + several)))
    for name in ("loss", "image_gradient", "text_gradient"):
        assert often[name] == pytest.approx(once[name], rel=1e-4, abs=1e-7)


def test_both_modes_are_asked(namespace):
    in_training = MODEL.replace(
        "        return loss.mean()", "        return loss.mean() if self.training else logits_per_image"
    )
    _, arrays = clip.loss(namespace(FRAME + in_training), seed=1, temperature=0.4, count=8, kinship=0.5)
    assert arrays["loss"][0] == pytest.approx(formula(*clip._embeddings(1, 8, 0.5), 0.4), rel=1e-4)
    assert arrays["loss"][1] != pytest.approx(arrays["loss"][0], rel=0.1)


def test_a_head_refuses_features_of_another_width(namespace):
    crossed = MODEL.replace("self.text_projection(text_features)", "self.image_projection(text_features)")
    with pytest.raises(RuntimeError, match=r"shapes cannot be multiplied \(8x768 and 2048x256\)"):
        clip.loss(namespace(FRAME + crossed), seed=1, temperature=0.4, count=8, kinship=0.5)


def test_construction(model, namespace):
    facts, _ = clip.construction(model, temperature=0.5)
    assert facts["attributes"] == [
        "image_encoder",
        "text_encoder",
        "image_projection",
        "text_projection",
        "temperature",
    ]
    assert (facts["image_projection"], facts["text_projection"]) == (2048, 768)
    bare = namespace(
        FRAME + "class CLIPModel(nn.Module):\n    def __init__(self, temperature=1):\n        super().__init__()"
    )
    facts, _ = clip.construction(bare, temperature=0.5)
    assert facts["attributes"] == []
    assert facts["image_projection"] is None


def test_parts_of_the_notebooks_own_making_are_replaced(namespace):
    own = MODEL.replace("self.image_encoder = ImageEncoder()", "self.image_encoder = nn.Linear(1, 1)")
    _, arrays = clip.loss(namespace(FRAME + own), seed=1, count=8, temperature=0.4, kinship=0.5)
    assert arrays["loss"][0] == pytest.approx(formula(*clip._embeddings(1, 8, 0.5), 0.4), rel=1e-4)
