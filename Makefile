# Every target but help builds .venv from requirements.txt when it is missing or older than that file.
PYTHON ?= python3
VENV := .venv/.installed
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Not /bin/sh: macOS's make 3.81 then runs a simple command without a shell, and does not find it on this PATH.
SHELL := /bin/bash

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)  ## the whole pipeline on the embedded digits, in a copy of the working tree under demo/
	@[ ! -e demo ] || { echo "error: demo/ is there, with all you did in it: go on with it" \
		"(cd demo && dvc repro), or remove it (rm -rf demo) and run this again" >&2; exit 1; }
	sh tests/copy_tree.sh demo
	cd demo && dvc exp run --set-param recipe=quick --set-param data.source=digits
	@echo "Tables and figures: demo/plots/report.html (open it in a browser), demo/metrics/, demo/plots/"

repro: $(VENV)  ## the study: every stale stage by params.yaml; wants a GPU, and a network for the images
	dvc repro

test: $(VENV)  ## the tests, on two cores
	pytest -n 2 --dist loadfile

test-long: $(VENV)  ## the tests that take many minutes: every net killed twenty times and more
	pytest -m long

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

.venv/.bench: $(VENV) benchmarks/requirements.txt
	pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	touch .venv/.bench

$(VENV): requirements.txt
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("error: Python 3.11 to 3.13 is needed," \
		" and $(PYTHON) is %s: make PYTHON=python3.13 ..." % sys.version.split()[0])'
	@[ ! -L .venv ] || { echo "error: .venv is a symbolic link, and nothing is built at its other end: remove the link," \
		"or install there yourself (.venv/bin/pip install -r requirements.txt && touch $(VENV))" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $(VENV)

.PHONY: help demo repro test test-long bench lint lock
