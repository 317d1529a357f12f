#!/bin/bash
# The pipeline on a Slurm cluster whose nodes all see this folder. Each stale run is one job, which trains and evaluates
# it, JOBS of them at once; a last job does the rest. Options are sbatch's and go to every job:
#
#     JOBS=8 cluster/slurm.sh --gres=gpu:1 --time=2:00:00 --mem=8G
set -euo pipefail
unset CDPATH # with it cd could go elsewhere
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" JOBS="${JOBS:-8}"
# By default DVC keeps caches in /var/tmp/dvc, where any other account of a node could replace them.
export DVC_SITE_CACHE_DIR="$PWD/.dvc/tmp/site"
mkdir -p .cache/slurm
mkdir -p -m 700 "$DVC_SITE_CACHE_DIR"
options=(--parsable --requeue --open-mode=append "$@" --export=ALL)

dvc repro fetch # here, because nodes often have no network
RUNS=$(python src/plan.py) # one a line: net1-reference-0 net2-reference-0 ...
export RUNS RUNS_JOB=
if [ -n "$RUNS" ]; then
  RUNS_JOB=$(
    sbatch "${options[@]}" --job-name=runs --array="1-$(wc -l <<<"$RUNS")%$JOBS" --output=.cache/slurm/%A_%a.log \
      --signal=B:USR1@60 <<'JOB'
#!/bin/bash
run=$(sed -n "${SLURM_ARRAY_TASK_ID}p" <<<"$RUNS")
echo "$run on $SLURMD_NODENAME, $(date)"
# SIGTERM, sent to all processes, is for the training: it saves its state and ends, then DVC, and then this.
trap '' TERM
# A minute before the time limit: to the queue again, for which Slurm sends SIGTERM.
trap 'scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"' USR1
dvc --wait-for-lock repro --single-item "train@$run" "evaluate@$run" &
wait $! || wait $! # a signal, too, ends the first
JOB
  )
  RUNS_JOB=${RUNS_JOB%%;*} # without the cluster's name
  echo "job $RUNS_JOB: the runs; each says how it does in .cache/slurm/${RUNS_JOB}_*.log"
  options+=(--dependency="afterany:$RUNS_JOB")
fi
rest=$(
  sbatch "${options[@]}" --job-name=rest --output=.cache/slurm/%j.log <<'JOB'
#!/bin/bash
stale=$(python src/plan.py) || exit 1
[ -n "$stale" ] || exec dvc repro --allow-missing
while read -r run; do
  echo "$run is not done:"
  tail -n 2 ".cache/slurm/${RUNS_JOB}_$(grep -nx "$run" <<<"$RUNS" | cut -d: -f1).log" || echo "(not begun)"
done <<<"$stale"
echo "error: failed, for the reasons above: $(echo $stale); the same command goes on" >&2
exit 1
JOB
)
echo "job ${rest%%;*}: the rest; what came of it is in .cache/slurm/${rest%%;*}.log"
