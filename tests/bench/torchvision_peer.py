"""Times torchvision's detectors with a ResNet-50-FPN and random weights on this CPU.

    python torchvision_peer.py [--detector fcos|retinanet] [--height 800] [--width 1088] [--runs 7] [--train]

fcos is fcos_resnet50_fpn, retinanet retinanet_resnet50_fpn_v2, which the preset of the studio is; 91 classes, batch normalisation
frozen in both. One JSON line on standard output: median milliseconds of detecting in one image (and of a training step of one image),
peak memory in MB.
"""
import argparse
import functools
import json
import resource
import statistics
import time

import torch
from torchvision.models import resnet50
from torchvision.models.detection import fcos, retinanet
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.ops.feature_pyramid_network import LastLevelP6P7
from torchvision.ops.misc import FrozenBatchNorm2d

CLASSES = 91


def fpn(p6_channels):
    return _resnet_fpn_extractor(
        resnet50(weights=None, norm_layer=FrozenBatchNorm2d),
        3,
        returned_layers=[2, 3, 4],
        extra_blocks=LastLevelP6P7(p6_channels, 256),
    )


def make_fcos():
    return fcos.FCOS(fpn(256), CLASSES)


def make_retinanet():
    backbone = fpn(2048)
    anchors = retinanet._default_anchorgen()
    head = retinanet.RetinaNetHead(
        backbone.out_channels,
        anchors.num_anchors_per_location()[0],
        CLASSES,
        norm_layer=functools.partial(torch.nn.GroupNorm, 32),
    )
    head.regression_head._loss_type = "giou"
    return retinanet.RetinaNet(backbone, CLASSES, anchor_generator=anchors, head=head)


def median_ms(step, runs):
    for _ in range(2):
        step()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(times), 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--detector", choices=["fcos", "retinanet"], default="fcos")
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--width", type=int, default=1088)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--train", action="store_true")
    args = parser.parse_args()
    torch.manual_seed(0)
    model = {"fcos": make_fcos, "retinanet": make_retinanet}[args.detector]()
    model.to(memory_format=torch.channels_last)
    model.transform.min_size = (min(args.height, args.width),)
    model.transform.max_size = max(args.height, args.width)
    image = torch.rand(3, args.height, args.width)
    boxes = torch.tensor([[100.0, 100, 300, 260], [20, 30, 90, 200]])
    target = [{"boxes": boxes, "labels": torch.tensor([3, 7])}]

    def infer():
        with torch.no_grad():
            model([image])

    def train():
        model.zero_grad(set_to_none=True)
        sum(model([image], target).values()).backward()

    model.eval()
    result = {"infer_ms": median_ms(infer, args.runs)}
    if args.train:
        model.train()
        result["train_step_ms"] = median_ms(train, max(3, args.runs // 2))
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result))


if __name__ == "__main__":
    main()
