# Every target but help builds .venv from requirements.txt when it is missing or older than that file.
PYTHON ?= python3
VENV := .venv/.installed
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# By default DVC keeps caches in /var/tmp/dvc, where any other account of the machine could replace them.
export DVC_SITE_CACHE_DIR := $(CURDIR)/.dvc/tmp/site
unexport CDPATH
# Not /bin/sh: macOS's make 3.81 then runs a simple command without a shell, and does not find it on this PATH.
SHELL := /bin/bash

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)  ## the whole pipeline on handwritten digits in about three minutes, in a copy under demo/
	@[ ! -e demo ] || { echo "error: demo/ is there: go on with it (make -C demo repro VENV=), or remove it" \
		"(rm -rf demo) and run this again" >&2; exit 1; }
	@echo "Three nets are trained on handwritten digits from three seeds each: about three minutes on two cores"
	sh tests/copy_tree.sh demo
	cd demo && dvc exp run --quiet -S data.source=digits -S 'compare.recipes=[quick]' \
		-S 'compare.nets=[net1, net2, net3]' -S 'compare.seeds=[0, 1, 2]' fetch
	$(MAKE) --no-print-directory -C demo repro VENV= JOBS=$(JOBS)

# One run a core, because one thread trains a run. Runs that share a GPU need memory for each: four at once.
comma := ,
GPU_LIST := $(or $(subst $(comma), ,$(CUDA_VISIBLE_DEVICES)),$(shell nvidia-smi -L 2>/dev/null | awk '/^GPU/ {print n++}'))
GPUS := $(words $(GPU_LIST))
JOBS ?= $(if $(filter 0,$(GPUS)),$(shell getconf _NPROCESSORS_ONLN),$(shell echo $$((4 * $(GPUS)))))
# GNU's xargs numbers the runs that are under way: with several GPUs each number has its own.
SLOT := $(shell xargs --help 2>&1 | grep -q process-slot-var && echo --process-slot-var=SLOT)
RUN = [ $(GPUS) -lt 2 ] || { gpus=($(GPU_LIST)); export CUDA_VISIBLE_DEVICES=$${gpus[SLOT % $(GPUS)]}; }; \
	PROGRESS=lines dvc --wait-for-lock repro --single-item train@{} evaluate@{} >/dev/null || exit 1

repro: $(VENV)  ## every stale stage of the pipeline, JOBS=N runs at once; fetches the images first
	@mkdir -p -m 700 $(DVC_SITE_CACHE_DIR)
	@[ ! -e dvc.lock ] || [ -s dvc.lock ] || { echo "error: dvc.lock is empty, as after a full disk; this brings all" \
		"results back without training: git checkout dvc.lock && dvc commit -f" >&2; exit 1; }
	dvc repro --quiet fetch
	@runs=$$(python src/plan.py) || exit 1; \
		[ -z "$$runs" ] || xargs -P $(JOBS) $(SLOT) -I{} $(SHELL) -c '$(RUN)' <<<"$$runs" || \
		{ echo "error: some runs failed, for the reasons above; run this again to go on" >&2; exit 1; }
	dvc repro --quiet --allow-missing

test: $(VENV)  ## the tests, on two cores
	pytest -n 2 --dist worksteal

test-long: $(VENV)  ## the tests that take many minutes: every net killed twenty times and more
	pytest -m long

test-cluster: .venv/.cluster  ## the tests on a Slurm cluster and with storage servers, which they start; as root
	pytest -m cluster

bench: .venv/.bench  ## our training step against the study's own loop
	PYTHONPATH=src python benchmarks/against_dlstudio.py

lint: $(VENV)  ## ruff and mypy
	ruff check .
	ruff format --check .
	mypy

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
