"""What this Python can train on, as one line of JSON: its versions and devices. What is missing is null."""
import importlib.metadata
import json
import platform


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def devices():
    import torch

    found = [
        {"kind": "cuda", "name": properties.name, "memoryMb": properties.total_memory // 2**20}
        for properties in map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    ]
    if torch.backends.mps.is_available():
        found.append({"kind": "mps", "name": "Apple GPU", "memoryMb": None})
    return [*found, {"kind": "cpu", "name": platform.processor() or platform.machine(), "memoryMb": None}]


if __name__ == "__main__":
    packages = {name: version(name) for name in ("torch", "numpy", "pillow", "safetensors", "pycocotools", "ray")}
    able = all(packages[name] for name in packages if name != "ray")
    print(json.dumps({"python": platform.python_version(), "packages": packages, "devices": devices() if able else []}))
