"""pycocotools' numbers for a COCO ground truth and a results file, as one JSON line; timed without reading files."""
import contextlib
import io
import json
import sys
import time

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

truth_file, results_file, *flags = sys.argv[1:]
with contextlib.redirect_stdout(io.StringIO()):
    truth = COCO(truth_file)
    results = truth.loadRes(results_file)
    evaluation = COCOeval(truth, results, "segm" if "--segm" in flags else "bbox")
    start = time.perf_counter()
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    seconds = time.perf_counter() - start
answer = {"seconds": seconds, "stats": evaluation.stats.tolist()}
if "--tensors" in flags:
    for name in ("precision", "recall", "scores"):
        answer[name] = evaluation.eval[name].ravel().tolist()
print(json.dumps(answer))
