"""One table of the experiments that start from this commit: each net's mean accuracy (%) with its 95 % interval.

reads   of each, from git: metrics/overall.csv
prints  the table, as Markdown; – where an experiment has not run to the end, or has no such net
run     python src/experiments.py
"""

import foundation.start  # noqa: F401, I001  before all else, as it says there
import argparse
import io

import pandas as pd
from dvc.exceptions import DvcException
from dvc.repo import Repo
from scmrepo.exceptions import SCMError

from comparison.formatting import NOTHING, percent_within
from foundation.errors import UserError, one_line_errors, reason

OVERALL = "metrics/overall.csv"


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    try:
        with Repo() as repo:
            revisions = {"this commit": "HEAD"}
            for of_commit in repo.experiments.ls().values():
                revisions |= dict(of_commit)
            rows = {name: accuracies(repo, revision) for name, revision in revisions.items()}
    except (DvcException, SCMError) as error:
        raise UserError(reason(error)) from None
    print(pd.DataFrame.from_dict(rows, orient="index").fillna(NOTHING).to_markdown())


def accuracies(repo: Repo, revision: str) -> dict[str, str]:
    """Each net's in the commit or experiment `revision`, and over how many seeds."""
    files = repo.scm.get_fs(revision)
    if not files.exists(OVERALL):
        return {}
    overall = pd.read_csv(io.BytesIO(files.cat_file(OVERALL))).set_index("net")
    columns = ["accuracy", "low", "high"]
    return {"seeds": str(overall["seeds"].iloc[0])} | {
        net: percent_within(*of_net) for net, of_net in zip(overall.index, overall[columns].to_numpy(), strict=True)
    }


if __name__ == "__main__":
    with one_line_errors():
        main()
