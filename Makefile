# The verbs of the course. Each sets up what it needs by itself; on a fresh machine: make book, make test.
PYTHON ?= python3
PORT ?= 8000
READY := .venv/ready
BUILT := _build/html/.built
SOURCES := _config.yml _toc.yml $(wildcard benchmarks/*.json) $(shell find _ext book dgmlib -type f ! -path '*/.*' ! -name '*.pyc')

.PHONY: setup book pdf epub serve test grade clean

setup: $(READY)

book: $(BUILT)
	@echo "The book: $(CURDIR)/_build/html/index.html"

pdf epub: book
	.venv/bin/python _ext/paper.py $@

serve: book
	.venv/bin/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

# A file's tests stay together: what it sets up is set up once.
test: $(READY)
	.venv/bin/python -m pytest -n logical --dist loadfile

grade: $(READY)
	.venv/bin/python -m grading sample

clean:
	rm -rf _build .pytest_cache .ruff_cache build dist *.egg-info

$(READY): setup.sh pyproject.toml constraints.txt package.json package-lock.json
	PYTHON="$(PYTHON)" bash setup.sh
	@touch $@

# Execute the chapters several at a time, then build: the build finds them executed. After a build that failed nothing is
# kept, since Sphinx does not warn a second time about pages that it has read.
$(BUILT): $(READY) $(SOURCES)
	@OMP_NUM_THREADS=1 .venv/bin/python _ext/execution.py
	@OMP_NUM_THREADS=1 .venv/bin/jupyter-book build book --config "$(CURDIR)/_config.yml" --toc "$(CURDIR)/_toc.yml" \
	  --path-output . -W -n --keep-going --quiet || { rm -rf _build/html _build/.doctrees; exit 1; }
	@touch $@
