"""The whole pipeline, every net by two seeds, on a few digits as image folders: what several tests start from."""

from pathlib import Path

from clone import REPOSITORY, Clone
from PIL import Image

from foundation import yaml12
from images import digits, image_folders
from params import load_params
from results.run import Run

TEST_RECIPE = {
    "learning_rate": 0.002,
    "momentum": 0.9,
    "weight_decay": 0.0,
    "batch_size": 5,  # the reference recipe's, whose kernels these are too
    "epochs": 1,
    "log_every": 10,
}
# Of all digits, 287 steps an epoch: some three seconds for Net1.
SIX_EPOCHS = TEST_RECIPE | {"learning_rate": 0.001, "epochs": 6, "log_every": 40}
# At the end of src/training/resume.py, on which no byte of a result depends: from its first steps on a run can be cut
# short, and it lasts two seconds on the fastest machine.
SAVING_OFTEN = "SavedState.is_due = lambda self: time.sleep(0.02) or True\n"
DIGITS = load_params(REPOSITORY / "params.yaml").data.sources["digits"]
# What tests name, whatever a fork has in params.yaml: the study's nets and the ablation.
STUDY_NETS = {"net1": {"onednn_from": 32}, "net2": {}, "net3": {}, "net3_no_bn": {}}
NETS = STUDY_NETS | yaml12.read(REPOSITORY / "params.yaml")["nets"]
SEEDS = [0, 1]
RUNS = [Run(net, seed) for net in NETS for seed in SEEDS]
OWN = {"format": "image-folders", "sha256": "0" * 64, "lossless": True, "urls": []}


def write_digits(folder: Path, class_names: dict[str, str], train: int, test: int) -> str:
    """Put `train` and `test` images of each of the first digits into `folder`; the checksum that pins them."""
    for split, (images, labels) in digits.read(DIGITS).items():
        for label, name in enumerate(class_names):
            (folder / split / name).mkdir(parents=True)
            for i, image in enumerate(images[labels == label][: train if split == "train" else test]):
                Image.fromarray(image).save(folder / split / name / f"{i:03}.png")
    return image_folders.checksum(
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.png")}
    )


def few_digits(folder: Path) -> dict[str, object]:
    """150 training and 100 test digits in `folder`, and what params.yaml says for a short run on them."""
    checksum = write_digits(folder, DIGITS.class_names, train=15, test=10)
    source = OWN | {"sha256": checksum, "class_names": DIGITS.class_names}
    return {
        "seeds": SEEDS,
        "recipe": "test",
        "recipes.test": TEST_RECIPE,
        "nets": NETS,
        "data.sources.few": source,
        "data.source": "few",
    }


def small_run(folder: Path, params: dict[str, object], images: str) -> Clone:
    """A clone in `folder` in which `dvc repro` has run on `images`, committed; its `output` is what was printed."""
    clone = Clone(folder)
    clone.set_params(params)
    clone.output = clone.run("dvc repro", CIFAR10_ARCHIVE=images).stdout
    clone.commit()
    return clone


def hashes(clone: Clone) -> dict[str, str]:
    """The md5 of each output in dvc.lock, by `stage: path`."""
    stages = yaml12.read(clone.path / "dvc.lock")["stages"]
    return {f"{name}: {out['path']}": out["md5"] for name, stage in stages.items() for out in stage["outs"]}


def without_timing(hashes: dict[str, str]) -> dict[str, str]:
    """Those that two runs have in common."""
    return {name: md5 for name, md5 in hashes.items() if "metrics/timing/" not in name}
