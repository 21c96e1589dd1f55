#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image from the zip. It installs what grading needs: PyTorch's
# CPU build (a few hundred MB, not the 5 GB of the one for GPUs) and the packages of requirements.txt, at the versions
# that the grader is tested with. The grader itself stays here, in source/, where submissions cannot read it.
set -euo pipefail

SOURCE=$(cd "$(dirname "$0")" && pwd)
ENVIRONMENT=${PS7_ENVIRONMENT:-/opt/ps7}
# "cpu" takes torch and torchvision from the PyTorch project's own index; empty: from where all else comes from.
export UV_TORCH_BACKEND=${PS7_TORCH_BACKEND-cpu}
[ -n "$UV_TORCH_BACKEND" ] || unset UV_TORCH_BACKEND
# A Python that is downloaded has to lie where the submissions' own user can read it, which root's home is not.
export UV_PYTHON_INSTALL_DIR=$ENVIRONMENT/python UV_CACHE_DIR=$ENVIRONMENT/cache

say() { printf '\n== %s\n' "$*"; }

say "Installing uv, which installs the rest"
python3 -m pip install --quiet --disable-pip-version-check --constraint "$SOURCE/constraints.txt" \
    --target "$ENVIRONMENT/uv" uv
uv=$ENVIRONMENT/uv/bin/uv

say "Finding Python 3.11 to 3.13, or downloading it"
"$uv" venv --quiet --clear --python '>=3.11,<3.14' "$ENVIRONMENT/venv"
"$ENVIRONMENT/venv/bin/python" --version

say "Installing PyTorch (${UV_TORCH_BACKEND:-default} build) and the packages of requirements.txt"
"$uv" pip install --python "$ENVIRONMENT/venv/bin/python" --constraint "$SOURCE/constraints.txt" \
    --requirement "$SOURCE/requirements.txt"

say "Compiling, so that no submission waits for it"
"$ENVIRONMENT/venv/bin/python" -m compileall -qq -j 0 "$ENVIRONMENT/venv/lib" "$SOURCE/autograder" || true
rm -rf "$UV_CACHE_DIR"

say "Closing the grader's own files to all but root"
chmod -R go-rwx "$SOURCE"

say "Trying it"
cd "$SOURCE"
"$ENVIRONMENT/venv/bin/python" -m autograder --version
"$ENVIRONMENT/venv/bin/python" -c "import torch; print('torch', torch.__version__)"
du -sh "$ENVIRONMENT"
say "Done"
