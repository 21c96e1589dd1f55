"""Calls that have an effect on the world or take time, recognised by their names. Only tables, no logic."""

TRAINS = "it trains"
DOWNLOADS = "it downloads"
READS = "it reads files"
DATA = "it goes through a data set"
COMMAND = "it runs a command"
COLAB = "it uses Colab's services"
WRITES = "it writes files"
DRAWS = "it draws"
WAITS = "it waits"
STOPS = "it stops the session"
CALLS = "it only calls a function"
DELETES = "it deletes a name"

RANKING = (TRAINS, DOWNLOADS, DATA, READS, COMMAND, COLAB, WRITES, WAITS, STOPS, DRAWS, CALLS, DELETES)
"""Where there are several reasons, the student is told the first."""

USUAL_ALIASES = {
    "plt": "matplotlib.pyplot",
    "np": "numpy",
    "pd": "pandas",
    "sns": "seaborn",
    "requests": "requests",
    "subprocess": "subprocess",
    "os": "os",
    "torch": "torch",
    "torchvision": "torchvision",
    "sys": "sys",
    "time": "time",
    "cv2": "cv2",
}
"""The meaning of short names that the notebook does not import or bind itself."""

MODULES = {
    "matplotlib.pyplot": DRAWS,
    "pylab": DRAWS,
    "seaborn": DRAWS,
    "plotly": DRAWS,
    "requests": DOWNLOADS,
    "urllib.request": DOWNLOADS,
    "gdown": DOWNLOADS,
    "wget": DOWNLOADS,
    "kaggle": DOWNLOADS,
    "kagglehub": DOWNLOADS,
    "opendatasets": DOWNLOADS,
    "huggingface_hub": DOWNLOADS,
    "wandb": DOWNLOADS,
    "torch.hub": DOWNLOADS,
    "datasets": DATA,
    "torchvision.datasets": DATA,
    "zipfile": READS,
    "tarfile": READS,
    "shutil": WRITES,
    "subprocess": COMMAND,
    "google.colab": COLAB,
    "IPython.display": DRAWS,
}
"""Every call into these modules acts."""

FUNCTIONS = {
    "torch.load": READS,
    "torch.save": WRITES,
    "torchvision.io.read_image": READS,
    "numpy.load": READS,
    "numpy.loadtxt": READS,
    "numpy.genfromtxt": READS,
    "numpy.fromfile": READS,
    "numpy.save": WRITES,
    "pickle.load": READS,
    "joblib.load": READS,
    "os.listdir": READS,
    "os.scandir": READS,
    "os.walk": READS,
    "os.makedirs": WRITES,
    "os.mkdir": WRITES,
    "os.remove": WRITES,
    "os.chdir": WRITES,
    "os.popen": COMMAND,
    "os.kill": STOPS,
    "os._exit": STOPS,
    "sys.exit": STOPS,
    "cv2.VideoCapture": READS,
    "clip.load": DOWNLOADS,
    "transformers.pipeline": DOWNLOADS,
    "time.sleep": WAITS,
    "asyncio.run": WAITS,
}
"""Functions, by their full name."""

LAST_NAMES = {
    "backward": TRAINS,
    "step": TRAINS,
    "fit": TRAINS,
    "fit_transform": TRAINS,
    "download": DOWNLOADS,
    "urlretrieve": DOWNLOADS,
    "urlopen": DOWNLOADS,
    "from_pretrained": DOWNLOADS,
    "hf_hub_download": DOWNLOADS,
    "snapshot_download": DOWNLOADS,
    "load_state_dict_from_url": DOWNLOADS,
    "download_url": DOWNLOADS,
    "download_and_extract_archive": DOWNLOADS,
    "SentenceTransformer": DOWNLOADS,
    "load_dataset": DATA,
    "STL10": DATA,
    "CIFAR10": DATA,
    "CIFAR100": DATA,
    "MNIST": DATA,
    "FashionMNIST": DATA,
    "SVHN": DATA,
    "ImageNet": DATA,
    "CelebA": DATA,
    "Flickr8k": DATA,
    "ImageFolder": DATA,
    "DatasetFolder": DATA,
    "DataLoader": DATA,
    "random_split": DATA,
    "load_state_dict": READS,
    "read_csv": READS,
    "read_parquet": READS,
    "read_json": READS,
    "read_excel": READS,
    "read_pickle": READS,
    "read_table": READS,
    "open": READS,
    "imread": READS,
    "glob": READS,
    "listdir": READS,
    "extractall": READS,
    "system": COMMAND,
    "Popen": COMMAND,
    "check_call": COMMAND,
    "check_output": COMMAND,
    "getoutput": COMMAND,
    "mount": COLAB,
    "upload": COLAB,
    "get_ipython": COMMAND,
    "run_line_magic": COMMAND,
    "savefig": WRITES,
    "imwrite": WRITES,
    "to_csv": WRITES,
    "imshow": DRAWS,
    "show": DRAWS,
    "sleep": WAITS,
    "input": WAITS,
    "breakpoint": WAITS,
    "exit": STOPS,
    "quit": STOPS,
}
"""Functions and methods, by the last part of their name, for any object."""
