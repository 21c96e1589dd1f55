# %% replaces="# Method I: unsupervised"
# Method I: unsupervised pretraining + linear classifier
for encoder in (ae.encoder, Autoencoder().encoder.to(device)):
    for supervised in (False, True):
        linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
        linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=supervised)
        test(encoder, linear_cls, dataloader_te)

# %% replaces="# Method II: supervised"
# Method II: supervised learning
for encoder in (ae.encoder, Autoencoder().encoder.to(device)):
    for supervised in (False, True):
        linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
        linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=supervised)
        test(encoder, linear_cls, dataloader_te)

# %% replaces="# Method III: random"
# Method III: random encoder + linear classifier
for encoder in (ae.encoder, Autoencoder().encoder.to(device)):
    for supervised in (False, True):
        linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
        linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=supervised)
        test(encoder, linear_cls, dataloader_te)
