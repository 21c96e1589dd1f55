_right = train_classifier


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    trained = _right(encoder, cls, dataloader, epochs=epochs, supervised=True)
    if not supervised:
        encoder.load_state_dict(before)
    return trained
