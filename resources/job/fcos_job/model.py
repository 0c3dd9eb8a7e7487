"""The detector's network in plain PyTorch, under the studio's names of tensors.

lite0 and r50 are equal, tensor for tensor, to the networks of the studio's engine; r50's names are torchvision's. Images
are [N,3,H,W]. L locations lie over all levels, each level row-major, as in the studio's core/pyramid.
"""
import json
import math

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from .files import JobError, metadata, replace

STRIDES = (8, 16, 32, 64, 128)
LEVELS = ("P3", "P4", "P5", "P6", "P7")

# The settings of a configuration that decide about the network. One that is not known would be ignored, so it is refused.
SETTINGS = {"detector", "architecture", "classes", "input", "batchNormEpsilon", "assignment", "head", "loss"}
HEAD_SETTINGS = {"channels", "depth", "norm", "groups", "centernessOn", "distance", "levelScale"}
REMEDY = "Use the studio's own engine"


def require_network(config):
    """Raises JobError for a network that this program does not have."""
    detector = config.get("detector", "fcos")
    if detector != "fcos":
        raise JobError("USAGE_JOB_DETECTOR", f"{detector} has no PyTorch program yet", REMEDY)
    require_known(config, SETTINGS)
    require_known(config["head"], HEAD_SETTINGS, "head.")
    if config["head"]["norm"] == "batch":
        # One BatchNorm per level, whose statistics would have to be those of all processes' images.
        raise JobError("USAGE_JOB_MODEL", "Towers with BatchNorm cannot be trained in several processes alike",
                       f"Use GroupNorm, which is the default. {REMEDY}")


def require_known(settings, known, part=""):
    for unknown in sorted(set(settings) - known):
        raise JobError("USAGE_JOB_MODEL", f"The PyTorch program does not know the setting {part}{unknown}", REMEDY)


class FrozenBatchNorm(nn.Module):
    def __init__(self, channels, epsilon):
        super().__init__()
        self.epsilon = epsilon
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.zeros(channels))

    def forward(self, x):
        scale = self.weight * (self.running_var + self.epsilon).rsqrt()
        shift = self.bias - self.running_mean * scale
        return x * scale[:, None, None].to(x.dtype) + shift[:, None, None].to(x.dtype)


class SameConvolution(nn.Module):
    """A convolution with TensorFlow's 'same' padding, which puts the odd pixel at the end; frozen BatchNorm; ReLU6."""

    def __init__(self, inputs, outputs, kernel, stride=1, groups=1, activation=True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.bn = FrozenBatchNorm(outputs, 1e-3)
        self.activation = activation

    def forward(self, x):
        (kernel, _), (stride, _) = self.conv.kernel_size, self.conv.stride
        high, wide = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[2:])
        x = F.pad(x, (wide // 2, wide - wide // 2, high // 2, high - high // 2))
        x = self.bn(self.conv(x))
        return F.relu6(x) if self.activation else x


class InvertedResidual(nn.Module):
    def __init__(self, kernel, stride, expand, inputs, outputs):
        super().__init__()
        width = inputs * expand
        self.expand = SameConvolution(inputs, width, 1) if expand > 1 else None
        self.depthwise = SameConvolution(width, width, kernel, stride, groups=width)
        self.project = SameConvolution(width, outputs, 1, activation=False)
        self.adds_input = stride == 1 and inputs == outputs

    def forward(self, x):
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.adds_input else y


class EfficientNetLite0(nn.Module):
    channels = (40, 112, 320)
    # kernel, stride, expand, inputs, outputs, repeat
    STAGES = (
        (3, 1, 1, 32, 16, 1),
        (3, 2, 6, 16, 24, 2),
        (5, 2, 6, 24, 40, 2),
        (3, 2, 6, 40, 80, 3),
        (5, 1, 6, 80, 112, 3),
        (5, 2, 6, 112, 192, 4),
        (3, 1, 6, 192, 320, 1),
    )
    PYRAMID_BLOCKS = (4, 10, 15)

    def __init__(self):
        super().__init__()
        self.stem = SameConvolution(3, 32, 3, 2)
        blocks = []
        for kernel, stride, expand, inputs, outputs, repeat in self.STAGES:
            blocks.append(InvertedResidual(kernel, stride, expand, inputs, outputs))
            blocks += [InvertedResidual(kernel, 1, expand, outputs, outputs) for _ in range(repeat - 1)]
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x):
        x = self.stem(x)
        outputs = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.PYRAMID_BLOCKS:
                outputs.append(x)
        return outputs


class Bottleneck(nn.Module):
    """With the stride in the 3×3 convolution, as torchvision has it."""

    def __init__(self, inputs, width, stride, epsilon):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = FrozenBatchNorm(width, epsilon)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = FrozenBatchNorm(width, epsilon)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = FrozenBatchNorm(4 * width, epsilon)
        self.downsample = None
        if inputs != 4 * width:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, 4 * width, 1, stride, bias=False), FrozenBatchNorm(4 * width, epsilon)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet50(nn.Module):
    channels = (512, 1024, 2048)

    def __init__(self, epsilon):
        """epsilon: of the frozen BatchNorms. torchvision's detectors were trained with 0, its classifiers with 1e-5."""
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = FrozenBatchNorm(64, epsilon)
        inputs = 64
        for layer, (blocks, width) in enumerate(((3, 64), (4, 128), (6, 256), (3, 512)), 1):
            stages = []
            for block in range(blocks):
                stages.append(Bottleneck(inputs, width, 2 if block == 0 and layer > 1 else 1, epsilon))
                inputs = 4 * width
            setattr(self, f"layer{layer}", nn.Sequential(*stages))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer1(F.max_pool2d(x, 3, 2, 1))
        c3 = self.layer2(x)
        c4 = self.layer3(c3)
        return [c3, c4, self.layer4(c4)]


class FeaturePyramid(nn.Module):
    """P3 to P7: P6 from P5, and P7 from ReLU(P6)."""

    def __init__(self, inputs, channels):
        super().__init__()
        self.inner_blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(width, channels, 1)) for width in inputs)
        self.layer_blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1)) for _ in inputs)
        self.extra_blocks = nn.ModuleDict({name: nn.Conv2d(channels, channels, 3, 2, 1) for name in ("p6", "p7")})

    def forward(self, stages):
        inner = [block(stage) for block, stage in zip(self.inner_blocks, stages)]
        for level in (1, 0):
            inner[level] = inner[level] + F.interpolate(inner[level + 1], scale_factor=2)
        p3, p4, p5 = (block(x) for block, x in zip(self.layer_blocks, inner))
        p6 = self.extra_blocks["p6"](p5)
        return [p3, p4, p5, p6, self.extra_blocks["p7"](F.relu(p6))]


class Branch(nn.Module):
    """A tower of the head with its predictors."""

    def __init__(self, head, predictors, has_scales=False):
        super().__init__()
        channels = head["channels"]
        layers = []
        for _ in range(head["depth"]):
            norm = nn.GroupNorm(head["groups"], channels) if head["norm"] == "group" else nn.Identity()
            layers += [nn.Conv2d(channels, channels, 3, padding=1), norm, nn.ReLU()]
        self.conv = nn.Sequential(*layers)
        for name, outputs in predictors.items():
            setattr(self, name, nn.Conv2d(channels, outputs, 3, padding=1))
        if has_scales:
            self.scales = nn.Parameter(torch.ones(len(LEVELS)))


class FCOS(nn.Module):
    def __init__(self, config):
        super().__init__()
        require_network(config)
        self.config = config
        head, classes = config["head"], len(config["classes"])
        body = ResNet50(config.get("batchNormEpsilon", 1e-5)) if config["architecture"] == "r50" else EfficientNetLite0()
        self.backbone = nn.ModuleDict({"body": body, "fpn": FeaturePyramid(body.channels, head["channels"])})
        self.quality_on = head["centernessOn"]

        def predictors(of, own):
            return {**own, **({"bbox_ctrness": 1} if self.quality_on == of else {})}

        branches = {
            "classification_head": Branch(head, predictors("classification", {"cls_logits": classes})),
            "regression_head": Branch(head, predictors("regression", {"bbox_reg": 4}), head["levelScale"]),
        }
        if self.quality_on == "own":
            branches["centerness_head"] = Branch(head, predictors("own", {}))
        self.head = nn.ModuleDict(branches)

    def forward(self, images):
        """→ class logits [N,L,K], distances l t r b in pixels [N,L,4], centerness logits [N,L], all in float32"""
        classification, regression = self.head["classification_head"], self.head["regression_head"]
        quality = self.head["centerness_head" if self.quality_on == "own" else f"{self.quality_on}_head"]
        every = []
        for level, feature in enumerate(self.backbone["fpn"](self.backbone["body"](images))):
            towers = {branch: branch.conv(feature) for branch in self.head.values()}
            logits = _flat(classification.cls_logits(towers[classification]))
            raw = _flat(regression.bbox_reg(towers[regression]))
            scale = regression.scales[level] if hasattr(regression, "scales") else 1
            centerness = _flat(quality.bbox_ctrness(towers[quality]))[..., 0]
            every.append((logits, self.distances(scale * raw, level), centerness))
        return tuple(torch.cat(part, 1) for part in zip(*every))

    def distances(self, raw, level):
        if self.config["head"]["distance"] == "relu":
            return STRIDES[level] * F.relu(raw)
        # No distance is beyond 2^16 px; a step that diverges would make it infinite.
        return torch.exp(raw.clamp(max=math.log(2**16)))


def _flat(x):
    """[N,C,H,W] → [N,H·W,C]"""
    return x.flatten(2).transpose(1, 2).float()


def load(path, config=None):
    """A checkpoint as a network, on the CPU. Every tensor must be there and fit."""
    config = config or json.loads(metadata(path)["config"])
    network = FCOS(config)
    try:
        network.load_state_dict(load_file(path), strict=True)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
        raise JobError("WEIGHTS_INCOMPLETE", f"{path} does not fit its configuration: {first}", "Pack the job again") from None
    return network


def save(path, config, tensors, training):
    """Writes a checkpoint as the studio does. tensors: by name, in torch's layout."""
    about = {"format": "fcos-studio", "version": "1", "config": json.dumps(config), "training": json.dumps(training)}
    held = {name: tensor.detach().float().cpu().contiguous() for name, tensor in tensors.items()}
    replace(path, lambda partial: save_file(held, partial, about))


def grid(width, height, location):
    """x [L], y [L] in pixels of the input, level [L], cells of each level. `location`: half-stride or corner (torchvision)."""
    xs, ys, levels, cells = [], [], [], []
    columns, rows = width, height
    for level, stride in enumerate(STRIDES):
        columns = -(-width // stride) if level < 3 else -(-columns // 2)
        rows = -(-height // stride) if level < 3 else -(-rows // 2)
        half = location == "half-stride"
        across, down, offset = (stride, stride, stride / 2) if half else (width // columns, height // rows, 0)
        y, x = torch.meshgrid(offset + torch.arange(rows) * down, offset + torch.arange(columns) * across, indexing="ij")
        xs.append(x.flatten().float())
        ys.append(y.flatten().float())
        levels.append(torch.full((rows * columns,), level))
        cells.append(rows * columns)
    return torch.cat(xs), torch.cat(ys), torch.cat(levels), cells
