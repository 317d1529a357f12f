# Every target but help builds .venv from requirements.txt when it is missing or older than that file.
PYTHON ?= python3
VENV := .venv/.installed
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Not /bin/sh: macOS's make 3.81 then runs a simple command without a shell, and does not find it on this PATH.
SHELL := /bin/bash

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)  ## the whole pipeline on the embedded digits, in a copy of the working tree under demo/
	@[ ! -e demo ] || { echo "error: demo/ is there, with all you did in it: go on with it" \
		"(make -C demo repro VENV=), or remove it (rm -rf demo) and run this again" >&2; exit 1; }
	sh tests/copy_tree.sh demo
	cd demo && dvc exp run --quiet --set-param recipe=quick --set-param data.source=digits --set-param 'seeds=[0, 1]' fetch
	$(MAKE) --no-print-directory -C demo repro VENV= JOBS=$(JOBS)
	@echo "Tables and figures: demo/plots/report.html (open it in a browser), demo/metrics/, demo/plots/"

# One run a core, since one thread trains it. So it is with a GPU, which they share, but its memory may not do for many.
JOBS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); [ $$cores -gt 4 ] && nvidia-smi -L >/dev/null 2>&1 && cores=4; echo $$cores)

repro: $(VENV)  ## the study: every stale stage by params.yaml, JOBS=N runs at once; wants a network for the images
	dvc repro fetch
	-@runs=$$(python src/plan.py --jobs $(JOBS)) && \
		exec $(MAKE) --no-print-directory --keep-going --jobs=$(JOBS) runs RUNS="$$(echo $$runs)"
	@stale=$$(python src/plan.py 2>/dev/null) && [ -z "$$stale" ] || \
		{ echo "error: not done, for the reasons above:" $$stale >&2; exit 1; }
	dvc repro --allow-missing

# Whatever fails lets the others go on. --single-item: DVC would look at stages that are under way, and find them busy.
# What is to be seen, errors of DVC too, is on stderr; on stdout DVC says after each stage how to track it with git.
runs: $(RUNS:%=evaluate@%)
$(RUNS:%=evaluate@%): evaluate@%: train@%
$(RUNS:%=train@%) $(RUNS:%=evaluate@%):
	@PROGRESS=lines dvc --wait-for-lock repro --single-item $@ >/dev/null

test: $(VENV)  ## the tests, on two cores
	pytest -n 2 --dist loadfile

test-long: $(VENV)  ## the tests that take many minutes: every net killed twenty times and more
	pytest -m long

test-cluster: .venv/.cluster  ## the tests on a Slurm cluster and with storage servers, which they start; as root
	pytest -m cluster

bench: .venv/.bench  ## our training step against the study's own loop
	PYTHONPATH=src python benchmarks/against_dlstudio.py

lint: $(VENV)  ## ruff
	ruff check .
	ruff format --check .

lock: $(VENV)  ## regenerate requirements.txt from pyproject.toml, keeping the pins that still fit
	pip install -q uv
	uv pip compile -q --universal --python-version 3.11 --group dev --no-annotate \
		--custom-compile-command "make lock" pyproject.toml -o requirements.txt
	uv pip compile -q --universal --python-version 3.11 --group bench --no-annotate -c requirements.txt \
		--custom-compile-command "make lock" pyproject.toml -o benchmarks/requirements.txt
	uv pip compile -q --universal --python-version 3.11 --group cluster --no-annotate -c requirements.txt \
		--custom-compile-command "make lock" pyproject.toml -o cluster/requirements.txt

.venv/.bench: $(VENV) benchmarks/requirements.txt
	pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	touch .venv/.bench

.venv/.cluster: $(VENV) cluster/requirements.txt
	pip install --quiet --disable-pip-version-check -r cluster/requirements.txt
	touch .venv/.cluster

$(VENV): requirements.txt
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("error: Python 3.11 to 3.13 is needed," \
		" and $(PYTHON) is %s: make PYTHON=python3.13 ..." % sys.version.split()[0])'
	@[ ! -L .venv ] || { echo "error: .venv is a symbolic link, and nothing is built at its other end: remove the link," \
		"or install there yourself (.venv/bin/pip install -r requirements.txt && touch $(VENV))" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $(VENV)

.PHONY: help demo repro test test-long test-cluster bench lint lock
.PHONY: runs $(RUNS:%=train@%) $(RUNS:%=evaluate@%)
