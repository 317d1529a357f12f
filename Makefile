# Every target but help builds .venv from requirements.txt when it is missing or older than that file.
PYTHON ?= python3
VENV := .venv/.installed
export PATH := $(CURDIR)/.venv/bin:$(PATH)

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

demo: $(VENV)  ## the whole pipeline on the embedded digits, in a copy of the working tree under demo/
	rm -rf demo && mkdir demo
	git ls-files -z --cached --others --exclude-standard | xargs -0 ls -d 2>/dev/null | tar -cf - -T - | tar -xf - -C demo
	cd demo && git init -q && git add -A && git -c user.name=demo -c user.email=demo@localhost commit -qm demo
	cd demo && dvc exp run --set-param recipe=quick --set-param data.source=digits
	@echo "Tables and figures: demo/plots/report.html (open it in a browser), demo/metrics/, demo/plots/"

repro: $(VENV)  ## the study: every stale stage by params.yaml; wants a GPU, and a network for the images
	dvc repro

test: $(VENV)  ## the tests
	pytest

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
	$(PYTHON) -m venv --clear .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $(VENV)

.PHONY: help demo repro test test-long bench lint lock
