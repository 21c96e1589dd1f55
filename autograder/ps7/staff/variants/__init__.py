"""Right ways to write each component; `validate --variants` draws one of them for each."""

from collections.abc import Callable, Mapping

from autograder.ps7.staff.variants.clip import clip_model, projection_head, retrieve_images
from autograder.ps7.staff.variants.layers import decoder, encoder
from autograder.ps7.staff.variants.training import train_ae, train_classifier
from autograder.staff.authoring.style import Style

WRITTEN: Mapping[str, Callable[[Style], str]] = {
    each.__name__: each
    for each in (encoder, decoder, train_ae, train_classifier, projection_head, clip_model, retrieve_images)
}
"""Maps an item to a function that writes it as a student of that style would."""
