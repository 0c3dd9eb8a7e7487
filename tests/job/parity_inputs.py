"""Writes what the program makes of a run's first inputs, and of its pictures: python parity_inputs.py RUN OUT INPUTS"""
import json
import os
import sys

import numpy as np
from safetensors.numpy import save_file

from fcos_job import data, detect, files, model

run, out, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
record, images = (files.read_json(os.path.join(run, name)) for name in (files.RECORD, files.DATA))
inputs = data.Inputs(record, images["training"], "")
tensors = {}
for position in range(count):
    canvas, boxes, classes = inputs.scene(position)
    _, label, ltrb, *_ = inputs[position]
    tensors |= {
        f"images/{position}": canvas,
        f"boxes/{position}": boxes,
        f"classes/{position}": classes.astype(np.int32),
        f"label/{position}": label.numpy().astype(np.int32),
        f"ltrb/{position}": ltrb.numpy(),
    }
network = model.load(os.path.join(run, files.START))
found = [
    detect.detect(network, data.read_image(image["path"]), device=detect.torch.device("cpu"), score=0.0101)
    for image in images["validation"]
]
save_file(tensors, out, {"found": json.dumps(found)})
