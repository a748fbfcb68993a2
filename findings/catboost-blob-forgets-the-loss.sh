#!/usr/bin/env bash
# CatBoost 1.2.10 (Python 3.11, numpy 2): a regressor loaded from bytes forgets its loss.
#
# The same model file, read by load_model(path) and by load_model(blob=bytes), predicts different numbers:
# a Poisson (or Tweedie) model loaded from bytes gives the logarithm of the expected count without an error or
# a warning, because predict() picks "Exponent" by the loss, which the blob's way does not restore. The bytes
# hold the loss all the same, in the metadata "params".
#
# Output seen:
#   file 2.619 blob 0.963 exp(blob) 2.619 loss in metadata Poisson
#   the model loaded from bytes gives logarithms
#
# Exits 0 while CatBoost behaves so, 1 once it does not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check catboost==1.2.10
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import json
import sys

import catboost
import numpy as np

rng = np.random.default_rng(1)
x = rng.normal(size=(400, 3))
y = np.exp(1.0 + 0.3 * x[:, 0])
model = catboost.CatBoostRegressor(
    iterations=50, loss_function="Poisson", verbose=False, allow_writing_files=False, thread_count=1
)
model.fit(x, y)
model.save_model("model.cbm")
of_file, of_blob = catboost.CatBoostRegressor(), catboost.CatBoostRegressor()
of_file.load_model("model.cbm")
with open("model.cbm", "rb") as file:
    of_blob.load_model(blob=file.read())
a, b = float(of_file.predict(x[:1])[0]), float(of_blob.predict(x[:1])[0])
loss = json.loads(of_blob.get_metadata()["params"])["loss_function"]["type"]
print(f"file {a:.3f} blob {b:.3f} exp(blob) {np.exp(b):.3f} loss in metadata {loss}")
if abs(a - b) < 1e-6 or abs(a - np.exp(b)) > 1e-6:
    print("the two ways of loading agree, or differ in another way")
    sys.exit(1)
print("the model loaded from bytes gives logarithms")
PYTHON
