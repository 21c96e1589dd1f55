# %% replaces="# Method I: unsupervised"
import wandb

config = wandb.init(project="ps7").config
# Method I: unsupervised pretraining + linear classifier
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(ae.encoder, linear_cls, dataloader_tr, epochs=100, supervised=config.supervised)
test(ae.encoder, linear_cls, dataloader_te)

# %% replaces="# Method II: supervised"
# Method II: supervised learning
encoder = Autoencoder().encoder.to(device)
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=config.supervised)
test(encoder, linear_cls, dataloader_te)

# %% replaces="# Method III: random"
# Method III: random encoder + linear classifier
encoder = Autoencoder().encoder.to(device)
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=config.supervised)
test(encoder, linear_cls, dataloader_te)
