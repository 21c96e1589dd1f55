# %% replaces="num_workers = 2\nhead_lr"
CONFIG = {
    "image_path": "./Images",
    "captions_path": ".",
    "batch_size": 32,
    "num_workers": 2,
    "head_lr": 1e-3,
    "image_encoder_lr": 1e-4,
    "text_encoder_lr": 1e-5,
    "weight_decay": 1e-3,
    "epochs": 3,
    "image_encoder_model": "resnet50",
    "image_embedding": 2048,
    "text_encoder_model": "distilbert-base-uncased",
    "text_embedding": 768,
    "text_tokenizer": "distilbert-base-uncased",
    "max_length": 200,
    "pretrained": True,
    "trainable": True,
    "temperature": 0.07,
    "size": 64,
    "projection_dim": 256,
}
globals().update(CONFIG)
