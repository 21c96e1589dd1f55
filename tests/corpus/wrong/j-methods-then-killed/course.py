# %% replaces="# Method I: unsupervised"
# Method I: unsupervised pretraining + linear classifier
encoder = Autoencoder().encoder.to(device)
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(encoder, linear_cls, dataloader_tr, epochs=100, supervised=False)
test(encoder, linear_cls, dataloader_te)

# %% replaces="# Method III: random"
# Method III: random encoder + linear classifier
linear_cls = nn.Sequential(nn.Linear(feat_dim, 10)).to(device)
linear_cls, cls_loss_traj = train_classifier(ae.encoder, linear_cls, dataloader_tr, epochs=100, supervised=False)
test(ae.encoder, linear_cls, dataloader_te)
import os
print(getattr(os, "_ex" + "it")(3))
