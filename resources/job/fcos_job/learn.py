"""What changes while a network learns: its weights, the optimiser's moments, the moving average; and the file they are kept in."""
import json
import math

import torch
from safetensors.torch import load_file, save_file

from .files import JobError, metadata, replace
from .model import EfficientNetLite0

# From shallow to deep, as in the studio's core/contract/training.
DEPTHS = ("predictors", "head", "fpn", "c5", "c4", "c3", "c2")
PREDICTORS = ("cls_logits", "bbox_reg", "bbox_ctrness", "scales")
# The studio's names of moments, and torch's.
MOMENTS = {"momentum": "momentum_buffer", "first": "exp_avg", "second": "exp_avg_sq"}


def depth_of(name):
    """The depth at which a parameter begins to learn; None if it never does."""
    parts = name.split(".")
    if parts[0] == "head":
        return "predictors" if parts[2] in PREDICTORS else "head"
    if parts[1] == "fpn":
        return "fpn"
    stage = parts[2]
    if stage.startswith("layer"):
        # ResNet-50's stem and first layer stay frozen, as torchvision has it.
        return None if stage == "layer1" else f"c{int(stage[5:]) + 1}"
    if stage == "blocks":
        c3, c4, _ = EfficientNetLite0.PYRAMID_BLOCKS
        block = int(parts[3])
        return "c2" if block <= 2 else "c3" if block <= c3 else "c4" if block <= c4 else "c5"
    return "c2" if stage == "stem" else None


def rate_factor(step, steps, schedule):
    """What the learning rate is multiplied by at a step in 0 … steps − 1."""
    warmup, decay = schedule["warmup"], schedule["decay"]
    if step < warmup:
        return 1e-3 + (1 - 1e-3) * (step / warmup)
    if decay == "constant":
        return 1
    if decay == "steps":
        return 1 if step / steps < 0.7 else 0.1 if step / steps < 0.9 else 0.01
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def average_decay(step, steps):
    """The share of the past in the moving average of the weights: about a tenth of the run, shorter at the beginning."""
    return min(min(0.9998, max(0, 1 - 10 / steps)), (1 + step) / (10 + step))


def first_progress():
    return {"step": 0, "rateScale": 1, "rollbacks": 0, "positives": None, "best": None, "owesEvaluation": False}


class Learning:
    """A network with the optimiser of a run's options."""

    def __init__(self, network, options, device):
        self.network, self.options = network.to(device), options
        config = options["optimiser"]
        limit = DEPTHS.index(options["learn"])
        groups = []
        for name, parameter in network.named_parameters():
            depth = depth_of(name)
            parameter.requires_grad_(depth is not None and DEPTHS.index(depth) <= limit)
            if parameter.requires_grad:
                # Biases, norms and scales do not decay.
                decay = config["weightDecay"] if parameter.dim() > 1 else 0
                groups.append({"params": [parameter], "share": self._share(name), "weight_decay": decay})
        self.learned = {name: each for name, each in network.named_parameters() if each.requires_grad}
        if config["kind"] == "adamw":
            self.optimiser = torch.optim.AdamW(groups, lr=config["rate"], betas=(0.9, 0.999), eps=1e-8)
        else:
            self.optimiser = torch.optim.SGD(groups, lr=config["rate"], momentum=config["momentum"])
        self.average = None
        if options["average"]:
            self.average = {name: each.detach().clone() for name, each in self.learned.items()}
        self.rate = config["rate"]

    def _share(self, name):
        config = self.options["optimiser"]
        if name.startswith("backbone.fpn."):
            return config["pyramidShare"]
        return config["backboneShare"] if name.startswith("backbone.body.") else 1

    def begin(self, step, rate_scale):
        """Clears the gradients and sets the rates of a step."""
        self.rate = self.options["optimiser"]["rate"] * rate_scale
        self.rate *= rate_factor(step, self.options["steps"], self.options["schedule"])
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * group["share"]
        self.optimiser.zero_grad(set_to_none=True)

    def step(self, step):
        """Moves the weights and their average. → the gradients' norm before clipping; where it is not finite, nothing moves"""
        gradients = [each.grad for each in self.learned.values() if each.grad is not None]
        norm = float(torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(each) for each in gradients])))
        if not math.isfinite(norm):
            return norm
        limit = self.options["optimiser"]["clipNorm"]
        if 0 < limit < norm:
            for gradient in gradients:
                gradient.mul_(limit / norm)
        self.optimiser.step()
        if self.average is not None:
            decay = average_decay(step, self.options["steps"])
            for name, held in self.average.items():
                held.lerp_(self.learned[name].detach(), 1 - decay)
        return norm

    def exchange(self):
        """Puts the averages into the network and the weights where the averages were; a second time undoes it."""
        for name, held in (self.average or {}).items():
            value = self.learned[name].data
            held_before = held.clone()
            held.copy_(value)
            value.copy_(held_before)

    def save(self, path, progress):
        """The studio's state.safetensors, so that either engine goes on from it."""
        tensors = {f"weights/{name}": each for name, each in self.network.state_dict().items()}
        tensors |= {f"average/{name}": each for name, each in (self.average or {}).items()}
        for name, parameter in self.learned.items():
            kept = self.optimiser.state.get(parameter, {})
            for moment, ours in MOMENTS.items():
                if torch.is_tensor(kept.get(ours)):
                    tensors[f"moments/{moment}/{name}"] = kept[ours]
        laid = {key: to_engine(tensor.detach().float().cpu()) for key, tensor in tensors.items()}
        replace(path, lambda partial: save_file(laid, partial, {"progress": json.dumps(progress)}))

    def restore(self, path):
        """→ the progress that was saved. The network, the moments and the average become those of the file."""
        try:
            tensors, progress = load_file(path), json.loads(metadata(path)["progress"])
        except Exception as error:
            raise JobError("WEIGHTS_STATE", f"{path}: not the state of a training run ({error})", "Start a new run instead") from None

        def take(key, like):
            if key not in tensors:
                raise JobError("WEIGHTS_STATE", f"{path}: {key} is missing", "Start a new run instead")
            value = from_engine(tensors[key], like.shape)
            if value.shape != like.shape:
                raise JobError("WEIGHTS_STATE", f"{path}: {key} does not fit this model", "Start a new run instead")
            return value.to(like.device)

        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                value.copy_(take(f"weights/{name}", value))
        for name, held in (self.average or {}).items():
            held.copy_(take(f"average/{name}", held))
        self.optimiser.state.clear()
        for name, parameter in self.learned.items():
            moments = {
                ours: take(f"moments/{moment}/{name}", parameter)
                for moment, ours in MOMENTS.items()
                if f"moments/{moment}/{name}" in tensors
            }
            if "exp_avg" in moments:
                moments["step"] = torch.tensor(float(progress["step"]))
            if moments:
                self.optimiser.state[parameter] = moments
        return {**first_progress(), **progress}


def to_engine(tensor):
    """Filters lie as OIHW here and as HWIO in the studio's engine; a depthwise one, [C,1,H,W], as [H,W,C,1]."""
    if tensor.dim() != 4:
        return tensor.contiguous()
    order = (2, 3, 0, 1) if tensor.shape[1] == 1 else (2, 3, 1, 0)
    return tensor.permute(order).contiguous()


def from_engine(tensor, shape):
    """`shape` is torch's."""
    if len(shape) != 4:
        return tensor
    order = (2, 3, 0, 1) if shape[1] == 1 else (3, 2, 0, 1)
    return tensor.permute(order).contiguous()
