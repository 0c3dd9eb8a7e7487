"""What each location learns, and FCOS' three losses (Tian et al., ICCV 2019, sections 3.1 and 3.2).

N images, L locations over all levels, K classes, P positives. Distances l, t, r, b are in pixels of the network's input.
"""
import math
from functools import lru_cache

import torch
import torch.distributed as dist
from torch.nn import functional as F

from .model import LEVELS, STRIDES, grid

BACKGROUND = -1
# Distances that each level regresses: m2 … m7 of section 3.2.
PAPER_RANGES = {"P3": (0, 64), "P4": (64, 128), "P5": (128, 256), "P6": (256, 512), "P7": (512, None)}
# Boxes that are compared with all locations at a time: bounds the memory of crowded images.
CHUNK = 64


@lru_cache(maxsize=4)
def _grid(width, height, location):
    return grid(width, height, location)


def targets_of(boxes, classes, rules, width, height):
    """→ class that each location learns or BACKGROUND [L], its distances to the sides of its box, 0 at background [L,4].

    boxes [n,4] float32, classes [n]. Of the boxes that a location is eligible for, the one of smallest area wins, of
    equals the first. Arithmetic in float32, like the tensors of both reference implementations.
    """
    x, y, level, _ = _grid(width, height, rules["location"])
    best_cost = torch.full((len(x),), math.inf)
    label = torch.full((len(x),), BACKGROUND)
    ltrb = torch.zeros(len(x), 4)
    for start in range(0, len(boxes), CHUNK):
        chunk = boxes[start : start + CHUNK]
        sides = torch.stack(
            [x[:, None] - chunk[:, 0], y[:, None] - chunk[:, 1], chunk[:, 2] - x[:, None], chunk[:, 3] - y[:, None]], 2
        )
        cost = _precedence(chunk, rules["area"]).expand(len(x), -1)
        cost, which = torch.where(_eligible(sides, chunk, x, y, level, rules), cost, math.inf).min(1)
        wins = cost < best_cost
        best_cost = torch.where(wins, cost, best_cost)
        label = torch.where(wins, classes[start + which], label)
        ltrb = torch.where(wins[:, None], sides[torch.arange(len(x)), which], ltrb)
    return label, ltrb


def _eligible(sides, boxes, x, y, level, rules):
    """[L,n]: inside the box, within the center-sampling radius, max(l, t, r, b) in the level's range."""
    farthest = sides.amax(2)
    ranges = [(rules.get("regressionRanges") or PAPER_RANGES).get(name, (0, 0)) for name in LEVELS]
    low = torch.tensor([float(each[0]) for each in ranges])[level][:, None]
    high = torch.tensor([math.inf if each[1] is None else float(each[1]) for each in ranges])[level][:, None]
    if rules["ranges"] == "closed":
        in_range = (farthest >= low) & (farthest <= high)
    else:
        in_range = (farthest > low) & (farthest < high)
    fits = (sides.amin(2) > 0) & in_range
    if rules["radius"] > 0:
        reach = torch.tensor([rules["radius"] * stride for stride in STRIDES])[level][:, None]
        across = (x[:, None] - (boxes[:, 0] + boxes[:, 2]) / 2).abs()
        down = (y[:, None] - (boxes[:, 1] + boxes[:, 3]) / 2).abs()
        fits &= torch.maximum(across, down) < reach
    return fits


def _precedence(boxes, rule):
    """[n] the smaller wins. inclusive: (w+1)(h+1), the authors'. float32: torchvision's argmax of 1e8 − w·h, which ties areas
    within 8 px² and never takes a box of 1e8 px² or more."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    if rule == "inclusive":
        return (width + 1) * (height + 1)
    margin = 1e8 - width * height
    return torch.where(margin < 1e-5, math.inf, -margin)


def centerness_of(ltrb):
    """[P,4] → [P] (equation 3)"""
    horizontal = ltrb[:, [0, 2]].amin(1) / ltrb[:, [0, 2]].amax(1)
    vertical = ltrb[:, [1, 3]].amin(1) / ltrb[:, [1, 3]].amax(1)
    return torch.sqrt(horizontal * vertical)


def summed(values):
    """The sums over all processes, as floats."""
    total = torch.as_tensor(values, dtype=torch.float64).clone()
    if dist.is_initialized():
        dist.all_reduce(total)
    return total.tolist()


def losses(outputs, label, ltrb, config, normaliser):
    """This process's share of the batch's losses, to be carried back; and the figures of the whole batch.

    Both divisors, the positives and the sum of centerness targets, are those of all processes together: divided by its
    own, each process would weigh its objects by how few they are. normaliser: from positives to what is divided by.
    """
    logits, distances, quality = outputs
    rules = config["loss"]
    positive = label != BACKGROUND
    sides = ltrb[positive]
    target = centerness_of(sides)
    # Apple's GPUs have no float64.
    wide = torch.float32 if logits.device.type == "mps" else torch.float64
    count, weight = summed([int(positive.sum()), float(target.to(wide).sum())])
    divisor = normaliser(count)

    classification = _focal(logits, label, positive, rules, wide) / divisor
    if rules["boxWeight"] == "centerness":
        box = (_box_losses(distances[positive].to(wide), sides.to(wide), rules["box"]) * target.to(wide)).sum()
        box = box / max(weight, 1e-12)
    else:
        box = _box_losses(distances[positive].to(wide), sides.to(wide), rules["box"]).sum() / divisor
    learnt = target if rules.get("quality") != "iou" else _ious(distances[positive].detach(), sides)
    centerness = F.binary_cross_entropy_with_logits(quality[positive], learnt, reduction="sum").to(wide) / divisor
    exact = learnt.to(wide)
    # What the centerness loss cannot fall below: the entropy of its targets.
    floor = -(torch.xlogy(exact, exact) + torch.xlogy(1 - exact, 1 - exact)).sum() / divisor
    parts = summed([float(part.detach()) for part in (classification, box, centerness, floor)])
    names = ("classification", "box", "centerness", "floor")
    return classification + box + centerness, {**dict(zip(names, parts)), "positives": int(count)}


def _focal(logits, label, positive, rules, wide):
    """Sigmoid focal loss (Lin et al. 2017), summed."""
    target = torch.zeros_like(logits)
    target[positive] = F.one_hot(label[positive], logits.shape[2]).to(target.dtype)
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    p = torch.sigmoid(logits)
    miss = torch.where(target > 0, 1 - p, p)
    alpha = torch.where(target > 0, rules["focalAlpha"], 1 - rules["focalAlpha"])
    return (alpha * miss ** rules["focalGamma"] * entropy).sum(dtype=wide)


def _area(sides):
    return (sides[:, 0] + sides[:, 2]) * (sides[:, 1] + sides[:, 3])


def _ious(predicted, target):
    """[P] of distances [P,4] from a common location."""
    shared = _area(torch.minimum(predicted, target))
    return shared / (_area(predicted) + _area(target) - shared)


def _box_losses(predicted, target, kind):
    """[P] of distances [P,4] from a common location. giou: 1 − I/U + (C−U)/C. iou: −ln((I+1)/(U+1))."""
    shared = _area(torch.minimum(predicted, target))
    union = _area(predicted) + _area(target) - shared
    if kind == "iou":
        return torch.log((union + 1) / (shared + 1))
    hull = _area(torch.maximum(predicted, target))
    return 1 - shared / (union + 1e-7) + (hull - union) / (hull + 1e-7)
