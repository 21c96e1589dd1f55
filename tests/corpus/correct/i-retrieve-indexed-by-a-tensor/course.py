# %% replaces="def retrieve_images("
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    best = (text_embeddings @ image_embeddings.T).flatten().sort(descending=True).indices
    matches = np.array(image_filenames)[best[:k].cpu()]
    return matches
