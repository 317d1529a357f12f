"""Say what a trained net sees in pictures.

reads   a checkpoint; the pictures
prints  a line for each picture: its three likeliest classes and the net's probability (%) of each
run     python src/predict.py models/net1/reference/0.pt PICTURE...
"""

import argparse
import sys

from stage import one_line_errors

from errors import UserError, printable
from model import checkpoint
from pictures import classify


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="for example models/net1/reference/0.pt")
    parser.add_argument("pictures", metavar="picture", nargs="+", help="for example cat.jpg")
    arguments = parser.parse_args()
    errors = 0
    with one_line_errors():
        net, description = checkpoint.load(arguments.checkpoint)
        for path in arguments.pictures:
            try:
                likeliest = list(classify(path, net, description).items())[:3]
                print(f"{printable(path)}: {', '.join(f'{name} {100 * p:.1f} %' for name, p in likeliest)}")
            except (UserError, OSError) as error:  # the other pictures may be good ones
                errors += 1
                print(f"error: {error}", file=sys.stderr)
    sys.exit(errors > 0)


if __name__ == "__main__":
    main()
