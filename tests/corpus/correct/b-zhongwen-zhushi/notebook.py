# %% [markdown]
# # 第七次作业：表示学习
# 姓名：（已删除）

# %%
# 导入库
import os
import cv2
import numpy as np
import pandas as pd
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
import torchvision
import torchvision.transforms as transforms
import matplotlib.pyplot as plt
import albumentations as A
from torchvision.datasets import STL10
from torch.utils.data import DataLoader, random_split
from tqdm import tqdm_notebook
from transformers import DistilBertModel, DistilBertTokenizer

device = torch.device('cuda:0' if torch.cuda.is_available() else 'cpu')  # 有显卡就用显卡
print('使用设备：', device)

# %% [markdown]
# ## 7.1 自编码器
# 数据：无标签图像一万张，随机翻转并随机裁剪到 64×64。

# %%
无标签变换 = transforms.Compose([transforms.RandomHorizontalFlip(), transforms.RandomCrop(64), transforms.ToTensor()])
有标签变换 = transforms.Compose([transforms.CenterCrop(64), transforms.ToTensor()])
unlabeled_set = STL10('./data', split='unlabeled', transform=无标签变换, download=True)
unlabeled_set, _ = random_split(unlabeled_set, [10000, 90000])  # 只取一万张
train_set = STL10('./data', split='train', transform=有标签变换, download=True)
test_set = STL10('./data', split='test', transform=有标签变换, download=True)

BATCH = 128
unlabeled_loader = DataLoader(unlabeled_set, BATCH, shuffle=True)
train_loader = DataLoader(train_set, BATCH, shuffle=True)
test_loader = DataLoader(test_set, BATCH, shuffle=False)


# %%
class Encoder(nn.Module):
    """编码器：四层卷积，每层后面接 ReLU。64 -> 32 -> 16 -> 8 -> 4"""

    def __init__(self, in_channels=3):
        super(Encoder, self).__init__()
        self.model = nn.Sequential(
            nn.Conv2d(3, 12, kernel_size=4, stride=2, padding=1),   # 第一层：3 -> 12
            nn.ReLU(),
            nn.Conv2d(12, 24, kernel_size=4, stride=2, padding=1),  # 第二层：12 -> 24
            nn.ReLU(),
            nn.Conv2d(24, 48, kernel_size=4, stride=2, padding=1),  # 第三层：24 -> 48
            nn.ReLU(),
            nn.Conv2d(48, 24, kernel_size=4, stride=2, padding=1),  # 第四层：48 -> 24
            nn.ReLU(),
        )

    def forward(self, x):
        return self.model(x)


class Decoder(nn.Module):
    """解码器：四层转置卷积，最后一层用 Sigmoid 把像素值压到 0~1"""

    def __init__(self, out_channels=3, feat_dim=64):
        super(Decoder, self).__init__()
        self.model = nn.Sequential(
            nn.ConvTranspose2d(24, 48, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(48, 24, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(24, 12, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.ConvTranspose2d(12, 3, kernel_size=4, stride=2, padding=1),
            nn.Sigmoid(),  # 注意：这里不能再加 ReLU
        )

    def forward(self, x):
        return self.model(x)


class Autoencoder(nn.Module):
    def __init__(self):
        super(Autoencoder, self).__init__()
        self.encoder = Encoder(in_channels=3)
        self.decoder = Decoder(out_channels=3)

    def forward(self, x):
        return self.decoder(self.encoder(x))


# 检查参数个数
参数个数 = lambda m: sum(p.numel() for p in m.parameters())
print('编码器参数：', 参数个数(Encoder()), '解码器参数：', 参数个数(Decoder()))


# %%
def train_ae(model, dataloader, epochs=200):
    """训练自编码器，损失为重建图像与原图的均方误差"""
    model.to(device)
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, _ in dataloader:
            x = x.to(device)
            optimizer.zero_grad()          # 梯度清零
            重建 = model(x)                # 前向传播
            loss = criterion(重建, x)      # 计算损失
            loss.backward()                # 反向传播
            optimizer.step()               # 更新参数
            loss_epoch += loss.detach().cpu().numpy()
        if (epoch + 1) % 10 == 0:
            print('第 %d 轮，损失：%.4f' % (epoch + 1, loss_epoch))
        loss_traj.append(loss_epoch)
    return model, loss_traj


ae_model, loss_traj = train_ae(Autoencoder(), unlabeled_loader, epochs=100)
plt.plot(loss_traj)
plt.title('Loss')  # matplotlib 默认字体没有中文
plt.show()


# %%
def visualize_recon(model, dataloader):
    """上排原图，下排重建"""
    images = next(iter(dataloader))[0][:6].to(device)
    with torch.no_grad():
        recon = model(images)
    plt.figure(figsize=(12, 4))
    for i in range(6):
        plt.subplot(2, 6, i + 1)
        plt.imshow(images[i].cpu().permute(1, 2, 0))
        plt.subplot(2, 6, i + 7)
        plt.imshow(recon[i].cpu().permute(1, 2, 0))
    plt.show()


visualize_recon(ae_model, test_loader)

# %%
feat_dim = 24 * 4 * 4  # 特征维数


def train_classifier(encoder, cls, dataloader, epochs=100, supervised=False):
    """supervised=False：只训练线性层；supervised=True：编码器一起训练"""
    encoder.to(device)
    cls.to(device)
    optimizer = optim.Adam(cls.parameters(), lr=0.001, weight_decay=1e-4)
    if supervised:
        optimizer = optim.Adam([{'params': cls.parameters()}, {'params': encoder.parameters()}], lr=0.001, weight_decay=1e-4)
    criterion = nn.CrossEntropyLoss()
    loss_traj = []
    for epoch in tqdm_notebook(range(epochs)):
        loss_epoch = 0
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            optimizer.zero_grad()
            outs = cls(encoder(x).view(x.size()[0], -1))  # 展平后送入线性分类器
            loss = criterion(outs, y)
            loss.backward()
            optimizer.step()  # 优化器里没有编码器的参数时，编码器不会变
            loss_epoch += loss.detach().cpu().numpy()
        loss_traj.append(loss_epoch)
    return cls, loss_traj


def test(encoder, cls, dataloader):
    对, 总 = 0, 0
    with torch.no_grad():
        for x, y in dataloader:
            x, y = x.to(device), y.to(device)
            pred = torch.argmax(cls(encoder(x).view(x.size()[0], -1)), dim=1)
            对 += (pred == y).sum().item()
            总 += y.size(0)
    print('测试准确率：{:.2%}'.format(对 / 总))
    return 对 / 总


# %%
# 方法一：预训练的编码器，冻结
cls = nn.Sequential(nn.Linear(feat_dim, 10))
cls, _ = train_classifier(ae_model.encoder, cls, train_loader, epochs=100, supervised=False)
acc1 = test(ae_model.encoder, cls, test_loader)

# %%
# 方法二：全监督，从零开始一起训练
encoder = Encoder()
cls = nn.Sequential(nn.Linear(feat_dim, 10))
cls, _ = train_classifier(encoder, cls, train_loader, epochs=100, supervised=True)
acc2 = test(encoder, cls, test_loader)

# %%
# 方法三：随机编码器，冻结
encoder = Encoder()
cls = nn.Sequential(nn.Linear(feat_dim, 10))
cls, _ = train_classifier(encoder, cls, train_loader, epochs=100, supervised=False)
acc3 = test(encoder, cls, test_loader)

# %% [markdown]
# ## 7.2 图像与文字（CLIP）

# %%
# 超参数
image_path = "/content/drive/MyDrive/作业7/Images"
captions_path = "/content/drive/MyDrive/作业7"
batch_size = 32        # 批大小
num_workers = 2
image_encoder_lr = 1e-4
head_lr = 1e-3
weight_decay = 1e-3
epochs = 3
image_encoder_model = 'resnet50'
image_embedding = 2048
text_encoder_model = "distilbert-base-uncased"
text_embedding = 768
text_tokenizer = "distilbert-base-uncased"
max_length = 200
temperature = 0.07     # 温度
size = 64
projection_dim = 256   # 投影维数


# %%
class CLIPDataset(torch.utils.data.Dataset):
    def __init__(self, image_filenames, captions, tokenizer, transforms):
        self.image_filenames = image_filenames
        self.captions = list(captions)
        self.encoded_captions = tokenizer(list(captions), padding=True, truncation=True, max_length=max_length)
        self.transforms = transforms

    def __getitem__(self, idx):
        item = {键: torch.tensor(值[idx]) for 键, 值 in self.encoded_captions.items()}
        image = cv2.imread(f"{image_path}/{self.image_filenames[idx]}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        image = self.transforms(image=image)['image']
        item['image'] = torch.tensor(image).permute(2, 0, 1).float()
        item['caption'] = self.captions[idx]
        return item

    def __len__(self):
        return len(self.captions)


def make_train_valid_dfs():
    """按 id 划分，80% 训练，20% 验证"""
    dataframe = pd.read_csv(f"{captions_path}/captions.csv", encoding='utf-8')
    dataframe = dataframe.drop_duplicates(subset='id')  # 每张图只用第一句
    max_id = dataframe["id"].max() + 1
    np.random.seed(42)
    valid_ids = np.random.choice(np.arange(0, max_id), size=int(0.2 * max_id), replace=False)
    train_ids = [i for i in np.arange(0, max_id) if i not in valid_ids]
    train_dataframe = dataframe[dataframe["id"].isin(train_ids)].reset_index(drop=True)
    valid_dataframe = dataframe[dataframe["id"].isin(valid_ids)].reset_index(drop=True)
    return train_dataframe, valid_dataframe


def build_loaders(dataframe, tokenizer, mode):
    变换 = A.Compose([A.Resize(size, size, always_apply=True), A.Normalize(max_pixel_value=255.0, always_apply=True)])
    dataset = CLIPDataset(dataframe["image"].values, dataframe["caption"].values, tokenizer=tokenizer, transforms=变换)
    return DataLoader(dataset, batch_size=batch_size, num_workers=num_workers, shuffle=(mode == "train"), drop_last=True)


class ImageEncoder(nn.Module):
    """图像编码器 ResNet-50"""

    def __init__(self, model_name=image_encoder_model, pretrained=True, trainable=True):
        super().__init__()
        self.model = torchvision.models.resnet50(pretrained=pretrained)
        self.model.fc = nn.Identity()  # 去掉最后的分类层
        for p in self.model.parameters():
            p.requires_grad = trainable

    def forward(self, x):
        return self.model(x)


class TextEncoder(nn.Module):
    """文本编码器 DistilBERT，取 CLS 的隐藏状态"""

    def __init__(self, model_name=text_encoder_model, pretrained=True, trainable=False):
        super().__init__()
        self.model = DistilBertModel.from_pretrained(model_name)
        for p in self.model.parameters():
            p.requires_grad = trainable  # 冻结
        self.target_token_idx = 0

    def forward(self, input_ids, attention_mask):
        output = self.model(input_ids=input_ids, attention_mask=attention_mask)
        return output.last_hidden_state[:, self.target_token_idx, :]


# %%
class ProjectionHead(nn.Module):
    """投影头：线性层 + L2 归一化"""

    def __init__(self, embedding_dim, projection_dim=projection_dim):
        super().__init__()
        self.线性层 = nn.Linear(embedding_dim, projection_dim)

    def forward(self, x):
        x = self.线性层(x)
        长度 = torch.sqrt(torch.sum(x ** 2, dim=1, keepdim=True))
        return x / 长度  # 每一行的长度为 1


class CLIPModel(nn.Module):
    def __init__(self, temperature=temperature, image_embedding=image_embedding, text_embedding=text_embedding):
        super().__init__()
        self.image_encoder = ImageEncoder()
        self.text_encoder = TextEncoder()
        self.image_projection = ProjectionHead(embedding_dim=image_embedding)
        self.text_projection = ProjectionHead(embedding_dim=text_embedding)
        self.temperature = temperature

    def forward(self, batch):
        # 提取特征
        image_features = self.image_encoder(batch["image"])
        text_features = self.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        # 投影到同一空间
        image_embeddings = self.image_projection(image_features)
        text_embeddings = self.text_projection(text_features)
        # 相似度矩阵：行是图像，列是文本；对角线是正样本
        相似度 = torch.mm(image_embeddings, text_embeddings.T) / self.temperature
        标签 = torch.arange(batch_size).to(相似度.device)
        图到文 = F.cross_entropy(相似度, 标签)
        文到图 = F.cross_entropy(相似度.T, 标签)
        loss = (图到文 + 文到图) / 2  # 两个方向取平均
        return loss.mean()


# %%
def train_epoch(model, train_loader, optimizer):
    总损失, 个数 = 0, 0
    进度条 = tqdm_notebook(train_loader, total=len(train_loader), desc='训练')
    for batch in 进度条:
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        loss = model(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        总损失 += loss.item() * batch["image"].size(0)
        个数 += batch["image"].size(0)
        进度条.set_postfix(损失=总损失 / 个数)
    return 总损失 / 个数


def valid_epoch(model, valid_loader):
    总损失, 个数 = 0, 0
    for batch in tqdm_notebook(valid_loader, total=len(valid_loader), desc='验证'):
        batch = {k: v.to(device) for k, v in batch.items() if k != "caption"}
        with torch.no_grad():
            loss = model(batch)
        总损失 += loss.item() * batch["image"].size(0)
        个数 += batch["image"].size(0)
    return 总损失 / 个数


train_df, valid_df = make_train_valid_dfs()
tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
clip_train_loader = build_loaders(train_df, tokenizer, mode="train")
clip_valid_loader = build_loaders(valid_df, tokenizer, mode="valid")
model = CLIPModel().to(device)
optimizer = torch.optim.AdamW([
    {"params": model.image_encoder.parameters(), "lr": image_encoder_lr},
    {"params": list(model.image_projection.parameters()) + list(model.text_projection.parameters()), "lr": head_lr, "weight_decay": weight_decay},
])
最小损失 = float('inf')
for epoch in range(epochs):
    model.train()
    train_loss = train_epoch(model, clip_train_loader, optimizer)
    model.eval()
    valid_loss = valid_epoch(model, clip_valid_loader)
    print(f'第 {epoch + 1} 轮：训练损失 {train_loss:.4f}，验证损失 {valid_loss:.4f}')
    if valid_loss < 最小损失:
        最小损失 = valid_loss
        torch.save(model.state_dict(), "最佳模型.pt")
        print("已保存！")


# %%
def get_image_embeddings(valid_df, model_path):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    valid_loader = build_loaders(valid_df, tokenizer, mode="valid")
    model = CLIPModel().to(device)
    model.load_state_dict(torch.load(model_path, map_location=device))
    model.eval()
    valid_image_embeddings = []
    with torch.no_grad():
        for batch in tqdm_notebook(valid_loader):
            image_features = model.image_encoder(batch["image"].to(device))
            valid_image_embeddings.append(model.image_projection(image_features))
    return model, torch.cat(valid_image_embeddings)


model, image_embeddings = get_image_embeddings(valid_df, "最佳模型.pt")


# %%
def retrieve_images(model, image_embeddings, query, image_filenames, k=9):
    tokenizer = DistilBertTokenizer.from_pretrained(text_tokenizer)
    encoded_query = tokenizer([query])
    batch = {key: torch.tensor(values).to(device) for key, values in encoded_query.items()}
    with torch.no_grad():
        text_features = model.text_encoder(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        text_embeddings = model.text_projection(text_features)

    # 点积越大越相似，取前 k 个
    相似度 = torch.matmul(text_embeddings, image_embeddings.T)
    _, 下标 = torch.topk(相似度.squeeze(0), k)
    matches = image_filenames[[下标.cpu().numpy()]]

    _, axes = plt.subplots(3, 3, figsize=(10, 10))
    for match, ax in zip(np.asarray(matches).flatten(), axes.flatten()):
        image = cv2.imread(f"{image_path}/{match}")
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        ax.imshow(image)
        ax.axis("off")
    plt.show()


# %%
image_filenames = np.array(valid_df['image'].tolist())
retrieve_images(model, image_embeddings, query="dogs on the grass", image_filenames=image_filenames, k=9)  # 草地上的狗
# %%
retrieve_images(model, image_embeddings, query="children playing football", image_filenames=image_filenames, k=9)  # 孩子踢球

# %%
# 线性探测：冻结训练好的图像编码器
cls = nn.Sequential(nn.Linear(2048, 10))
cls, _ = train_classifier(model.image_encoder, cls, train_loader, epochs=100, supervised=False)
acc4 = test(model.image_encoder, cls, test_loader)

# %% [markdown]
# ## 报告
# - 方法一（Method I）：31.41%
# - 方法二（Method II）：43.21%
# - 方法三（Method III）：25.04%
# - CLIP 线性探测：79.62%
#
# 结论：随机编码器最差，CLIP 的图像特征最好。

# %%
# !apt-get install -y fonts-noto-cjk
# !jupyter nbconvert --to pdf 作业7.ipynb
