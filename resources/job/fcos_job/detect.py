"""From images to detections in source pixels, as the studio's engine makes them."""
import numpy as np
import torch

from .data import Axis, draw, normaliser, resized
from .model import grid

# As torchvision has it, everywhere in evaluation and detection.
CANDIDATES_PER_LEVEL = 1000
MOST_DETECTIONS = 100
EVALUATION_SCORE = 0.05
NMS = 0.6
MULTIPLE = 32


def preprocess(rgb, rule):
    """[H,W,3] → [1,3,height,width] padded at the right and bottom with the mean colour, and the size within it."""
    size = rgb.shape[1], rgb.shape[0]
    width, height = resized(*size, rule)
    canvas = np.zeros((-(-height // MULTIPLE) * MULTIPLE, -(-width // MULTIPLE) * MULTIPLE, 3), np.float32)
    x, y = (Axis(source, length, 0, False, (0, length)) for source, length in zip(size, (width, height)))
    draw(canvas, rgb, x, y, normaliser(rule))
    return torch.from_numpy(canvas).permute(2, 0, 1)[None], (width, height)


@torch.no_grad()
def outputs_of(network, images, device, precision=None):
    """→ class logits [L,K], distances [L,4] and centerness logits [L] of one image, on the CPU"""
    with torch.autocast(device.type, precision, enabled=precision is not None):
        return tuple(each[0].cpu() for each in network(images.to(device)))


def candidates(outputs, config, padded, size, source, score, per_level=CANDIDATES_PER_LEVEL):
    """→ boxes [M,4] in source pixels, scores [M], labels [M]: of each level the best pairs of location and class.

    padded: size of the input; size: of the image within it, to which boxes are clipped; source: of the image itself.
    """
    logits, distances, quality = outputs
    classes = logits.shape[1]
    x, y, _, cells = grid(*padded, config["assignment"]["location"])
    scores = torch.sqrt(torch.sigmoid(logits) * torch.sigmoid(quality)[:, None])
    picked, first = [], 0
    for count in cells:
        of_level = scores[first : first + count].flatten()
        above = (of_level > np.float32(score)).nonzero()[:, 0]
        # A stable sort: among equals the lower pair goes first.
        best = of_level[above].argsort(descending=True, stable=True)[:per_level]
        picked.append(above[best].sort().values + first * classes)
        first += count
    pairs = torch.cat(picked)
    at = pairs // classes
    d = distances[at]
    width, height = size
    boxes = torch.stack(
        [
            (x[at] - d[:, 0]).clamp(0, width),
            (y[at] - d[:, 1]).clamp(0, height),
            (x[at] + d[:, 2]).clamp(0, width),
            (y[at] + d[:, 3]).clamp(0, height),
        ],
        1,
    )
    boxes = boxes * torch.tensor([source[0] / width, source[1] / height] * 2, dtype=torch.float32)
    return boxes.numpy(), scores.flatten()[pairs].numpy(), (pairs % classes).numpy()


def nms(boxes, scores, labels, threshold, limit):
    """Indices of what is kept, best first: class-wise, overlaps in float64, equal scores in their order."""
    boxes = boxes.astype(np.float64)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order) and len(kept) < limit:
        best, order = order[0], order[1:]
        kept.append(best)
        low = np.maximum(boxes[order, :2], boxes[best, :2])
        high = np.minimum(boxes[order, 2:], boxes[best, 2:])
        shared = np.prod(np.clip(high - low, 0, None), axis=1)
        overlap = np.divide(shared, area[order] + area[best] - shared, out=np.zeros(len(order)), where=shared > 0)
        order = order[~((overlap > threshold) & (labels[order] == labels[best]))]
    return kept


def detect(network, rgb, device, score=EVALUATION_SCORE, threshold=NMS, limit=MOST_DETECTIONS, size=None, precision=None):
    """→ [{box: [x1, y1, x2, y2] in source pixels, categoryId, score}], best first. size: the input's long side, if not the
    model's own."""
    config = network.config
    rule = config["input"] if size is None else {**config["input"], "shortSide": size, "longSide": size}
    images, within = preprocess(rgb, rule)
    padded = images.shape[3], images.shape[2]
    outputs = outputs_of(network, images, device, precision)
    found = candidates(outputs, config, padded, within, (rgb.shape[1], rgb.shape[0]), score)
    return select(*found, config, threshold, limit)


def select(boxes, scores, labels, config, threshold=NMS, limit=MOST_DETECTIONS):
    return [
        {"box": boxes[i].tolist(), "categoryId": config["classes"][labels[i]]["id"], "score": float(scores[i])}
        for i in nms(boxes, scores, labels, threshold, limit)
    ]


def pinned_prediction(network, rgb, device):
    """What the window shows of an image while a model learns: its frame, detections, and maps of shares [L]."""
    config = network.config
    images, (width, height) = preprocess(rgb, config["input"])
    padded = images.shape[3], images.shape[2]
    logits, distances, quality = outputs_of(network, images, device)
    source = rgb.shape[1], rgb.shape[0]
    found = candidates((logits, distances, quality), config, padded, (width, height), source, EVALUATION_SCORE)
    return {
        "image": dict(zip(("width", "height"), source)),
        "resized": {"width": width, "height": height},
        "input": dict(zip(("width", "height"), padded)),
        "detections": select(*found, config),
        "maps": {"centerness": torch.sigmoid(quality), "class_scores": torch.sigmoid(logits).amax(1)},
    }


def coco_metrics(data, images, found):
    """pycocotools' twelve numbers, and AP and AP50 of each class. found: rows of image id, category id, x1, y1, x2, y2, score."""
    import contextlib
    import io

    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth = []
    for image in images:
        crowds = image.get("crowds") or [0] * len(image["categories"])
        for i, (category, area, crowd) in enumerate(zip(image["categories"], image["areas"], crowds)):
            x1, y1, x2, y2 = image["boxes"][4 * i : 4 * i + 4]
            truth.append({"image_id": image["id"], "category_id": category, "bbox": [x1, y1, x2 - x1, y2 - y1],
                          "area": area, "iscrowd": int(crowd), "ignore": int(crowd)})
    guesses = [
        {"image_id": int(image), "category_id": int(category), "bbox": [x1, y1, x2 - x1, y2 - y1],
         "area": (x2 - x1) * (y2 - y1), "iscrowd": 0, "score": score}
        for image, category, x1, y1, x2, y2, score in found
    ]

    def indexed(annotations):
        coco = COCO()
        coco.dataset = {
            "images": [{name: image[name] for name in ("id", "width", "height")} for image in images],
            "annotations": [{**each, "id": number} for number, each in enumerate(annotations, 1)],
            "categories": data["categories"],
        }
        coco.createIndex()
        return coco

    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(indexed(truth), indexed(guesses), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"]

    def mean(values):
        return float(values[values > -1].mean()) if (values > -1).any() else -1.0

    # pycocotools sorts its classes by id.
    column = {category: k for k, category in enumerate(evaluation.params.catIds)}
    per_category = [
        {"id": each["id"], "name": each["name"], "ap": mean(precision[:, :, column[each["id"]], 0, 2]),
         "ap50": mean(precision[0, :, column[each["id"]], 0, 2])}
        for each in data["categories"]
    ]
    return {"stats": [float(each) for each in evaluation.stats], "perCategory": per_category}
