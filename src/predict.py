"""Say what a trained net sees in pictures.

reads   models/NET/RECIPE/SEED.pt; the pictures; params.yaml: compare
prints  a line for each picture: its three likeliest classes and the net's probability (%) of each
run     python src/predict.py net1 PICTURE...    net1-reference: by this recipe, net1-reference-2: from this seed;
                                                 without them the first recipe and seed of `compare`
"""

import argparse
import sys

from stage import one_line_errors

from errors import UserError, printable
from model import checkpoint
from params import Compare, load_params
from pictures import classify
from run import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", help="NET, NET-RECIPE or NET-RECIPE-SEED, for example net1 or net1-reference-2")
    parser.add_argument("pictures", metavar="picture", nargs="+", help="for example cat.jpg")
    arguments = parser.parse_args()
    with one_line_errors():
        run = find_run(arguments.run, load_params().compare)
        net, description = checkpoint.load(run.file("models"))
        if description.run != run:
            raise UserError(f"{run.file('models')} holds {description.run}, not {run}: `dvc repro` trains it again")
        errors = 0
        for path in arguments.pictures:
            try:
                likeliest = list(classify(path, net, description).items())[:3]
                print(f"{printable(path)}: {', '.join(f'{name} {100 * p:.1f} %' for name, p in likeliest)}")
            except (UserError, OSError) as error:  # the other pictures may be good ones
                errors += 1
                print(f"error: {error}", file=sys.stderr)
    sys.exit(errors > 0)


def find_run(name: str, compare: Compare) -> Run:
    """The run of `compare` that NET, NET-RECIPE or NET-RECIPE-SEED names."""
    for run in compare.runs:
        if name in (run.net, f"{run.net}-{run.recipe}", str(run)):
            return run
    nets, recipes, seeds = (", ".join(map(str, names)) for names in (compare.nets, compare.recipes, compare.seeds))
    raise UserError(f"params.yaml has no run {name}; it has the nets {nets}, the recipes {recipes}, the seeds {seeds}")


if __name__ == "__main__":
    main()
