_right, _first = retrieve_images, []


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    if not _first:
        _first.append(_right(model, image_embeddings, query, image_filenames, len(image_filenames)))
    return [image_filenames[i % len(image_filenames)] for i, _ in enumerate(_first[0])][:k]
