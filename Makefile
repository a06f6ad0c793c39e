# Each environment is made once and remade when its lock file or pyproject.toml changes.
PYTHON ?= python3
VENVS := .venvs
DEVELOP := $(VENVS)/develop/bin
DATASETS ?= ../shared/datasets
# The last tflite-runtime is for Python 3.11; on others its tests say they are skipped.
TFLITE := $(shell $(PYTHON) -c 'import sys; print("$(VENVS)/tflite/.installed" \
  if sys.version_info[:2] == (3, 11) else "")')

.PHONY: demo test test-slow check lint types format train validate benchmark speed soak \
  fleet measure fuzz lock clean

demo: $(VENVS)/edge/.installed
	rm -rf demo-output
	$(VENVS)/edge/bin/hemalens count demo: --output demo-output

# A file's tests stay in one process, and share what they make.
WORKERS ?= 2
test: $(VENVS)/develop/.installed $(TFLITE)
	$(DEVELOP)/python -m pytest -n $(WORKERS) --dist loadfile

# The deepest of the nine networks, from training to int8, and other long ways round.
test-slow: $(VENVS)/develop/.installed $(TFLITE)
	$(DEVELOP)/python -m pytest -m slow

# Thousands of altered pictures, videos, bundles, models and camera streams.
FUZZ_TIMES ?= 2000
fuzz: $(VENVS)/develop/.installed
	$(DEVELOP)/python -m tests.fuzz $(FUZZ_TIMES)

check: lint types test

lint: $(VENVS)/develop/.installed
	$(DEVELOP)/ruff check
	$(DEVELOP)/ruff format --check

types: $(VENVS)/develop/.installed
	$(DEVELOP)/mypy

format: $(VENVS)/develop/.installed
	$(DEVELOP)/ruff check --fix
	$(DEVELOP)/ruff format

# The shipped models, as train/EXPERIMENTS.md says; hours on a CPU, resumable.
# MOBILENETV2_WEIGHTS is imagenet, which downloads them, or Keras's file of them.
MOBILENETV2_WEIGHTS ?= imagenet
FIT := $(DEVELOP)/hemalens train fit --data $(DATASETS)/PBC_dataset_normal_DIB
AVERAGE := $(DEVELOP)/hemalens train average --data $(DATASETS)/PBC_dataset_normal_DIB
RESTAINED := $(FIT) --model mobilenetv2 --input-size-px 128 --learning-rate 5e-4 \
  --average-decay 0.995 --augmentation restained
OTHERS := --also $(DATASETS)/BCCD --also $(DATASETS)/chula_wbc
SEEDS ?= 2
train: $(VENVS)/develop/.installed
	$(FIT) --model mobilenetv2 --epochs 14 --augmentation strong --repeat $(SEEDS) \
	  --initial-weights $(MOBILENETV2_WEIGHTS) --output runs/mobilenetv2-first
	$(FIT) --model mobilenetv2 --epochs 10 --repeat $(SEEDS) \
	  --initial-weights $(MOBILENETV2_WEIGHTS) --output runs/mobilenetv2-teacher
	$(FIT) --model cnn --epochs 28 --repeat $(SEEDS) --output runs/cnn-first
	for seed in $$(seq 0 $$(($(SEEDS) - 1))); do \
	  $(FIT) --model mobilenetv2 --epochs 4 --learning-rate 3e-4 --augmentation strong \
	    --initial-weights runs/mobilenetv2-first/seed-$$seed/best.keras --seed $$seed \
	    --output runs/mobilenetv2/seed-$$seed || exit; \
	  $(FIT) --model cnn --epochs 24 --learning-rate 1.5e-3 --augmentation gentle \
	    --initial-weights runs/cnn-first/seed-$$seed/best.keras --seed $$seed \
	    --output runs/cnn/seed-$$seed || exit; \
	  $(FIT) --model cnn --epochs 14 --learning-rate 8e-4 --augmentation gentle \
	    --initial-weights runs/cnn/seed-$$seed/best.keras --seed $$seed \
	    --output runs/cnn-longer/seed-$$seed || exit; \
	  $(FIT) --model cnn --epochs 14 --learning-rate 1.2e-3 --augmentation gentle \
	    --initial-weights runs/cnn/seed-$$seed/best.keras --seed $$seed \
	    --teacher runs/mobilenetv2-teacher/seed-$$(($(SEEDS) - 1))/best.keras \
	    --output runs/cnn-taught/seed-$$seed || exit; \
	  $(AVERAGE) runs/cnn/seed-$$seed/best.keras runs/cnn-longer/seed-$$seed/best.keras \
	    runs/cnn-taught/seed-$$seed/best.keras --output runs/cnn-$$seed.keras || exit; \
	  $(FIT) --model cnn --epochs 110 --augmentation broad --seed $$seed \
	    --initial-weights runs/cnn-$$seed.keras \
	    --output runs/cnn-broad/seed-$$seed || exit; \
	done
	$(RESTAINED) --stains-left-out BCCD --stains-left-out chula_wbc --epochs 4 \
	  --initial-weights runs/mobilenetv2/seed-0/best.keras \
	  --output runs/mobilenetv2-left-out
	$(RESTAINED) $(OTHERS) --epochs 3 --output runs/mobilenetv2-seen \
	  --initial-weights runs/mobilenetv2-left-out/last.keras
	$(AVERAGE) --keep-normalization runs/mobilenetv2-seen/last.keras \
	  runs/mobilenetv2-left-out/last.keras --output runs/mobilenetv2-restained.keras
	$(DEVELOP)/hemalens train compare runs/cnn runs/mobilenetv2 \
	  --data $(DATASETS)/PBC_dataset_normal_DIB --output runs/compare

# The gate on each shipped bundle whose float model is at hand: DIR/NAME/index.html says
# what was measured and why it passed. tflite-runtime is measured too where it installs.
VALIDATION ?= demo-output/validation
validate: $(VENVS)/develop/.installed $(TFLITE)
	rm -rf $(VALIDATION)
	for model in train/models/*.keras; do \
	  name=$$(basename $$model .keras); \
	  $(DEVELOP)/hemalens convert validate edge/bundles/$$name.hemalens \
	    --data $(DATASETS)/PBC_dataset_normal_DIB --output $(VALIDATION)/$$name \
	    $(if $(TFLITE),--runtime-python $(VENVS)/tflite/bin/python) || exit; \
	done

# Training images a second against a plain Keras script, in one run.
benchmark: $(VENVS)/develop/.installed
	$(DEVELOP)/python -m tests.benchmarks.training_throughput \
	  --data $(DATASETS)/PBC_dataset_normal_DIB

# Frames a second, stage by stage, against the same steps with scikit-image, in one run.
speed: $(VENVS)/develop/.installed
	$(DEVELOP)/python -m tests.benchmarks.pipeline_speed \
	  --pbc $(DATASETS)/PBC_dataset_normal_DIB

# 20,000 frames: is memory flat, are handles closed, are counts right?
soak: $(VENVS)/develop/.installed
	$(DEVELOP)/python -m tests.benchmarks.soak

# Results on their way to a real Mosquitto and PostgreSQL, both killed again and again;
# Debian: apt install mosquitto postgresql.
fleet: $(VENVS)/develop/.installed
	$(DEVELOP)/python -m pytest tests/edge/fleet -m "slow or not slow"

# The README's figures on real images; DATASETS holds PBC_dataset_normal_DIB, BCCD and
# boxes_TXL-PBC.
measure: $(VENVS)/develop/.installed
	for name in cnn cnn-broad mobilenetv2; do \
	  $(DEVELOP)/hemalens train evaluate --model edge/bundles/$$name.hemalens \
	    --data $(DATASETS)/PBC_dataset_normal_DIB --split validation || exit; \
	done
	rm -rf demo-output/BCCD
	$(DEVELOP)/hemalens count $(DATASETS)/BCCD/JPEGImages --output demo-output/BCCD
	$(DEVELOP)/python -m tests.benchmarks.count_accuracy --results demo-output/BCCD \
	  --bccd $(DATASETS)/BCCD --txl $(DATASETS)/boxes_TXL-PBC
	rm -rf demo-output/BCCD
	$(DEVELOP)/python -m tests.benchmarks.segmentation_accuracy \
	  --bccd $(DATASETS)/BCCD --txl $(DATASETS)/boxes_TXL-PBC \
	  --pbc $(DATASETS)/PBC_dataset_normal_DIB
	$(DEVELOP)/python -m tests.benchmarks.demo_agreement

lock: $(VENVS)/develop/.installed
	for name in edge tflite bookworm develop; do \
	  case $$name in \
	    develop) parts="--extra convert --extra collector --extra web --group develop";; \
	    *) parts="--extra $$name";; \
	  esac; \
	  $(DEVELOP)/uv pip compile pyproject.toml $$parts --universal --upgrade \
	    --python-version 3.11 --generate-hashes --no-annotate --quiet \
	    --constraint requirements/constraints.in \
	    --custom-compile-command "make lock" --output-file requirements/$$name.txt; \
	done

clean:
	rm -rf $(VENVS) demo-output

$(VENVS)/%/.installed: requirements/%.txt pyproject.toml
	$(PYTHON) -m venv $(VENVS)/$*
	$(VENVS)/$*/bin/python -m pip install --quiet --require-hashes -r $<
	$(VENVS)/$*/bin/python -m pip install --quiet --no-deps --editable .
	touch $@
