"""Say what a trained net sees in pictures.

reads   models/NET/SEED.pt; the pictures, files of any size and kind that Pillow opens; params.yaml: seeds
writes  nothing; for each picture one line: its three likeliest classes, and the net's probability (%) of each
run     python src/predict.py net1 PICTURE...    net1-2: that of seed 2, not of the first of `seeds`
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
import sys

from foundation.errors import UserError, one_line_errors
from model import checkpoint
from model.pictures import classify
from params import load_params
from results.run import Run

SHOWN = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("net", help="NET or NET-SEED, for example net1 or net1-2")
    parser.add_argument("pictures", metavar="picture", nargs="+", help="for example cat.jpg")
    arguments = parser.parse_args()

    net, trained = checkpoint.load(named(arguments.net).file("models"))
    failed = False
    for path in arguments.pictures:
        try:
            likeliest = list(classify(path, net, trained).items())[:SHOWN]
            print(f"{path}: {', '.join(f'{name} {100 * p:.1f} %' for name, p in likeliest)}")
        except (UserError, OSError) as error:  # the other pictures may be good ones
            failed = True
            print(f"error: {error}", file=sys.stderr)
    sys.exit(failed)


def named(name: str) -> Run:
    """`NET-SEED`, or `NET` by the first of `seeds`."""
    params = load_params()
    return Run(name, params.seeds[0]) if name in params.nets else Run.named(name)


if __name__ == "__main__":
    with one_line_errors():
        main()
