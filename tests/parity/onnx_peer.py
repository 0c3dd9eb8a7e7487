"""Checks exported models and runs them in ONNX Runtime: python onnx_peer.py MODEL RAW PIXELS N C H W

PIXELS is float32. Prints a JSON object: MODEL's detections and metadata, and the shapes of RAW's outputs.
"""
import json
import sys

import numpy
import onnx
import onnxruntime

model, raw, pixels = sys.argv[1:4]
image = numpy.fromfile(pixels, numpy.float32).reshape([int(side) for side in sys.argv[4:]])
for file in (model, raw):
    onnx.checker.check_model(file, full_check=True)


def run(file):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    outputs = [output.name for output in session.get_outputs()]
    return session, dict(zip(outputs, session.run(None, {"image": image})))


session, found = run(model)
print(
    json.dumps(
        {
            "boxes": found["boxes"].ravel().tolist(),
            "scores": found["scores"].tolist(),
            "labels": found["labels"].tolist(),
            "batch": found["batch_index"].tolist(),
            **({"outlines": found["outlines"].ravel().tolist()} if "outlines" in found else {}),
            "metadata": session.get_modelmeta().custom_metadata_map,
            "raw": {name: list(values.shape) for name, values in run(raw)[1].items()},
        }
    )
)
