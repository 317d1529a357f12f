"""Sum up one net by one recipe over its seeds.

reads   params.yaml: compare.seeds; of these runs metrics/logits/, metrics/evaluate/, metrics/train/, plots/loss/
writes  metrics/nets/NET/RECIPE.json      the DVC metric: mean accuracy (%), its standard deviation over the seeds
                                          (null for one seed), mean cross-entropy (nats)
        metrics/confusion/NET/RECIPE.csv  counts over all seeds, true classes down, predicted across
run     python src/summarize.py net1 reference
"""

from stage import stage

from command_line import read_arguments
from comparison.calibration import losses
from comparison.runs import read_runs
from files import write_csv, write_json
from params import load_params


def main() -> None:
    arguments = read_arguments(__doc__, net="net1", recipe="reference")
    net, recipe = arguments.net, arguments.recipe
    with stage("summarize", net=net, recipe=recipe) as inputs:
        seeds = load_params().compare.seeds
        runs = read_runs([net], recipe, seeds)
        accuracies = runs.accuracies(net)
        metric = {  # the same keys always, so that `dvc metrics show` has one column for each
            "accuracy": round(float(accuracies.mean()), 4),
            "sd": round(float(accuracies.std(ddof=1)), 4) if len(seeds) > 1 else None,
            "loss": round(float(losses(runs.logits[net], runs.labels).mean()), 6),
        }
        confusion = runs.confusion(net)

        inputs.check_unchanged()
        write_json(f"metrics/nets/{net}/{recipe}.json", metric)
        write_csv(f"metrics/confusion/{net}/{recipe}.csv", confusion, index=True)
    print(f"{net} by {recipe}: accuracy {metric['accuracy']:.2f} %, seeds {', '.join(map(str, seeds))}")


if __name__ == "__main__":
    main()
