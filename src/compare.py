"""Compare the nets that `params.yaml` names.

reads   metrics/details/NET.json, metrics/train/NET.json, plots/loss/NET.csv of those nets; data/study.csv
writes  metrics/overall.csv      size, cost and accuracy of each net, beside the study's
        metrics/per_class.csv    accuracy of each class and net, beside the study's
        metrics/comparison.md    both tables and the figures, for people
        plots/loss.csv           all loss curves, for `dvc plots`
        plots/figures/           each net's loss, all in one, accuracy per class
run     python src/compare.py
"""

import json
from pathlib import Path

import pandas as pd

import comparison_figures
import plot_style
from atomic import write_text
from errors import UserError, one_line_errors
from params import load_params

FIGURES = Path("plots/figures")
STUDY_IMAGES = {"train_images": 50_000, "test_images": 10_000}
NOTHING = "–"  # in the Markdown tables, where there is no figure


def main() -> None:
    nets = list(load_params().nets)
    details = {net: json.loads(read(f"metrics/details/{net}.json")) for net in nets}
    training = {net: json.loads(read(f"metrics/train/{net}.json")) for net in nets}
    curves = {net: read_csv(f"plots/loss/{net}.csv") for net in nets}
    run = common_run(details)
    study = study_figures(run)

    overall = overall_table(details, training, study)
    per_class = per_class_table(details, study)
    loss = pd.concat([curve.assign(net=net) for net, curve in curves.items()])[["net", "step", "loss"]]
    setting = f"{run['dataset']['source']}, recipe {run['recipe']['name']}"
    tables = markdown_tables(overall, per_class, setting)
    figures = {"loss.png": comparison_figures.loss(curves, run)}
    for position, (net, curve) in enumerate(curves.items()):
        figures[f"loss-{net}.png"] = comparison_figures.loss({net: curve}, run, position)
    figures["per_class.png"] = comparison_figures.per_class(per_class.set_index("class")[nets], run)

    write_text("metrics/overall.csv", to_csv(overall))
    write_text("metrics/per_class.csv", to_csv(per_class))
    write_text("metrics/comparison.md", tables + markdown_figures(figures))
    write_text("plots/loss.csv", to_csv(loss))
    for name, figure in figures.items():
        plot_style.save(figure, FIGURES / name)
    for stale in set(FIGURES.glob("*.png")) - {FIGURES / name for name in figures}:
        stale.unlink()
    print(f"\n{tables}\nFigures: {FIGURES}/, plots/confusion/")


def common_run(details: dict[str, dict]) -> dict:
    """The dataset, recipe and classes that all nets share; raises `UserError` when they do not."""
    shared = ["dataset", "recipe", "class_names"]
    (first, run), *others = details.items()
    for net, other in others:
        for key in shared:
            if other[key] != run[key]:
                raise UserError(f"{first} and {net} differ in their {key}, so they cannot be compared: run `dvc repro`")
    return {key: run[key] for key in shared}


def study_figures(run: dict) -> pd.DataFrame:
    """The study's accuracies (%), classes and `overall` down, nets across; empty when `run` is on other images."""
    study = read_csv("data/study.csv").set_index("class")
    same_images = STUDY_IMAGES.items() <= run["dataset"].items() and set(study.index) == {
        *run["class_names"],
        "overall",
    }
    return study if same_images else pd.DataFrame(index=study.index)


def overall_table(details: dict[str, dict], training: dict[str, dict], study: pd.DataFrame) -> pd.DataFrame:
    """One row a net: its size, multiply-adds an image, accuracies (%), and the study's beside them."""
    rows = []
    for net, detail in details.items():
        row = {
            "net": net,
            "layers": detail["layers"],
            "parameters": detail["parameters"],
            "multiply_adds": detail["multiply_adds"],
            "training_accuracy": training[net]["accuracy"],
            "accuracy": detail["accuracy"],
        }
        if not study.empty:
            row["study"] = study[net]["overall"] if net in study else None
            row["difference"] = round(row["accuracy"] - row["study"], 4) if net in study else None
        rows.append(row)
    return pd.DataFrame(rows)


def per_class_table(details: dict[str, dict], study: pd.DataFrame) -> pd.DataFrame:
    """One row a class: the accuracy (%) of each net, and the study's beside it."""
    columns = {}
    for net, detail in details.items():
        columns[net] = pd.Series({name: row["accuracy"] for name, row in detail["classes"].items()})
        if net in study:
            columns[f"{net}_study"] = study[net].drop("overall")
    return pd.DataFrame(columns).reindex(details[net]["class_names"]).rename_axis("class").reset_index()


def markdown_tables(overall: pd.DataFrame, per_class: pd.DataFrame, setting: str) -> str:
    """Both tables, headed with the dataset and recipe they are of."""
    overall = overall.rename(
        columns={
            "multiply_adds": "multiply-adds an image",
            "training_accuracy": "training accuracy (%)",
            "accuracy": "test accuracy (%)",
            "study": "study (%)",
        }
    )
    per_class = per_class.rename(columns=lambda name: name.replace("_study", " (study)"))
    return (
        f"# Comparison on {setting}\n\n"
        f"## Overall\n\n{to_markdown(overall)}\n\n"
        f"## Test accuracy per class (%)\n\n{to_markdown(per_class)}\n"
    )


def markdown_figures(names: dict) -> str:
    return "\n## Figures\n\n" + "".join(f"![{Path(name).stem}](../{FIGURES}/{name})\n" for name in names)


def to_markdown(table: pd.DataFrame) -> str:
    table = table.astype(object).where(table.notna(), None)
    return table.to_markdown(index=False, floatfmt=".1f", intfmt=",", missingval=NOTHING)


def to_csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n")


def read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path} is missing: `dvc repro` makes it") from None


def read_csv(path: str) -> pd.DataFrame:
    if not Path(path).exists():
        raise UserError(f"{path} is missing: `dvc repro` makes it")
    return pd.read_csv(path)


if __name__ == "__main__":
    with one_line_errors():
        main()
