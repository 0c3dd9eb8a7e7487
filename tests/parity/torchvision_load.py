"""Loads a safetensors file into torchvision's fcos_resnet50_fpn, strictly, and saves the model: python torchvision_load.py FILE OUT.pth

Prints a JSON object with each tensor's sum in float64.
"""
import json
import sys

import torch
from safetensors.torch import load_file

# torchvision beside a torch that its compiled operators were not built for imports once they are declared; loading
# weights runs none of them.
try:
    import torchvision  # noqa: F401
except RuntimeError:
    for module in [name for name in sys.modules if name.startswith("torchvision")]:
        del sys.modules[module]
    library = torch.library.Library("torchvision", "DEF")
    for operator in ["nms", "qnms", "roi_align", "roi_pool", "ps_roi_align", "ps_roi_pool", "deform_conv2d"]:
        library.define(f"{operator}(Tensor a) -> Tensor")
        library.define(f"_{operator}_backward(Tensor a) -> Tensor")
from torchvision.models.detection.fcos import FCOS, LastLevelP6P7, _resnet_fpn_extractor
from torchvision.models.resnet import resnet50
from torchvision.ops.misc import FrozenBatchNorm2d

state = load_file(sys.argv[1])
body = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
backbone = _resnet_fpn_extractor(body, 3, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))
model = FCOS(backbone, state["head.classification_head.cls_logits.bias"].shape[0])
model.load_state_dict(state, strict=True)
torch.save({"model": model.state_dict()}, sys.argv[2])
print(json.dumps({name: tensor.double().sum().item() for name, tensor in model.state_dict().items()}))
