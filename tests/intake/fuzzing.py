"""Damages archives at random and takes them in: for `python -m tests.fuzz archives`."""

import io
import random
import tarfile
import tempfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from autograder.staff.intake.budget import Intolerable
from autograder.staff.intake.collection import CollectionError, collected

MEMBERS = ["ada/hw.ipynb", "ada/data/x.pth", "../../up.ipynb", "bob///etc/cron.d/x", "cleo.ipynb", "a/hw.zip"]
FORMS = ("zip", "stored", "tar", "gz", "bz2", "xz")


def archive(form: str, inner: bytes = b"") -> bytes:
    """A class in an archive; one hand-in is an archive, too."""
    made = io.BytesIO()
    if form in {"zip", "stored"}:
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED if form == "zip" else zipfile.ZIP_STORED) as packed:
            for name in MEMBERS:
                packed.writestr(name, inner if name.endswith("zip") else b"{}" * 400)
        return made.getvalue()
    with tarfile.open(fileobj=made, mode="w" if form == "tar" else f"w:{form}") as packed:
        for name in MEMBERS:
            info = tarfile.TarInfo(name)
            data = inner if name.endswith("zip") else b"{}" * 400
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return made.getvalue()


def fuzz_archives(chance: random.Random, seconds: float, mutated: Callable[[random.Random, bytes], bytes]) -> Counter:
    """Checks that the intake raises only what it may raise, writes no file outside, and is never slow."""
    count: Counter = Counter()
    slowest = 0.0
    originals = {form: [archive(form, archive(inner)) for inner in FORMS] for form in FORMS}
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "deep", "deeper")
        place.mkdir(parents=True)
        while time.monotonic() < end:
            form = chance.choice(FORMS)
            data = mutated(chance, chance.choice(originals[form]))
            (place / "class.zip").write_bytes(data)
            started = time.monotonic()
            wrong = _taken_in(place / "class.zip", count)
            if sorted(path.name for path in Path(folder).rglob("*")) != ["class.zip", "deep", "deeper"]:
                wrong = "a file lies outside"
            took = time.monotonic() - started
            slowest = max(slowest, took)
            count[form] += 1
            if wrong or took > 10:
                count["wrong"] += 1
                kept = Path("build/fuzz")
                kept.mkdir(parents=True, exist_ok=True)
                (kept / f"archive-{count['wrong']}").write_bytes(data)
                print(form, count["wrong"], wrong, f"{took:.1f} s", flush=True)
    print(f"slowest {slowest:.2f} s")
    return count


def _taken_in(path: Path, count: Counter) -> str:
    """What went wrong."""
    try:
        with collected(path) as handed:
            for each in handed:
                try:
                    each.digest()
                    with each.opened() as files:
                        count["opened"] += files.place.exists()
                except Intolerable:
                    count["intolerable"] += 1
    except CollectionError:
        count["refused"] += 1
    except Exception as error:
        return repr(error)
    return ""
