# %% replaces="# Method I: unsupervised"
# Method I: unsupervised pretraining + linear classifier
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(lambda x: Autoencoder().encoder(x), linear_cls, dataloader_tr, epochs=100, supervised=False)

# %% replaces="# Method II: supervised"
# Method II: supervised learning
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(lambda x: ae.encoder(x), linear_cls, dataloader_tr, epochs=100, supervised=True)

# %% replaces="# Method III: random"
# Method III: random encoder + linear classifier
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(lambda x: ae.encoder(x), linear_cls, dataloader_tr, epochs=100, supervised=False)
