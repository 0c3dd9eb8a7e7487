"""What peers make of the scenes of tests/parity/definitions.test.ts: reads JSON from standard input, writes JSON.

    python peer_definitions.py confusion   {"objects": [[x1, y1, x2, y2, class]], "detections": [[…, class, score]],
                                            "classes": 2, "iou": 0.5} → supervision's matrix
    python peer_definitions.py nms         {"boxes": [[x1, y1, x2, y2]], "scores": […], "iou": 0.6} → torchvision's kept
"""

import json
import sys

scene = json.load(sys.stdin)
if sys.argv[1] == "confusion":
    import numpy as np
    import supervision

    matrix = supervision.ConfusionMatrix.from_tensors(
        predictions=[np.array(scene["detections"], dtype=np.float32)],
        targets=[np.array(scene["objects"], dtype=np.float32)],
        classes=[str(k) for k in range(scene["classes"])],
        conf_threshold=0.0,
        iou_threshold=scene["iou"],
    ).matrix
    print(json.dumps(matrix.astype(int).tolist()))
else:
    import torch
    import torchvision

    boxes = torch.tensor(scene["boxes"], dtype=torch.float32)
    print(json.dumps(torchvision.ops.nms(boxes, torch.tensor(scene["scores"]), scene["iou"]).tolist()))
