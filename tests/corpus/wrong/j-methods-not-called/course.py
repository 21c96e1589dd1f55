# %% replaces="# Method I: unsupervised"
# Method I: unsupervised pretraining + linear classifier
experiments = [1 / 0, train_classifier]

# %% replaces="# Method II: supervised"
# Method II: supervised learning
experiments += [train_classifier]

# %% replaces="# Method III: random"
# Method III: random encoder + linear classifier
experiments += [train_classifier]
