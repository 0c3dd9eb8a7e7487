"""Detection in any number of images on Ray Data: python -m fcos_job.ray_detect JOB --actors N [--gpus]

JOB (made by `fcos detect --on`) has the list of images, cut into shards, and the model. Paths do not travel through Ray, nor do
pixels: a row is the number of a shard, and whoever has it reads its lines of the list and writes its part. A part that is
complete is not made again, one that was cut off goes on after its last whole line.
"""
import argparse
import json
import os
import sys

from . import files
from .data import read_labelled
from .files import JobError


def part_path(job, shard):
    return os.path.join(job, "parts", f"part-{shard + 1:05d}.jsonl")


def whole_lines(path, head):
    """How many images a part holds already. One of another job counts for nothing; what a crash left of a line is cut off."""
    if not os.path.exists(path):
        return 0
    with open(path, "rb+") as file:
        content = file.read()
        end = content.rfind(b"\n") + 1
        file.truncate(end)
    lines = content[:end].split(b"\n")[:-1]
    return len(lines) - 1 if lines and lines[0].decode() == head else 0


def detect_shard(job, record, shard, find):
    """Writes a shard's part, a line an image, in the order of the list. find: of an image of the list → what was found, width, height."""
    path, about = part_path(job, shard), record["shards"][shard]
    head = json.dumps({**record["head"], "shard": shard + 1}, separators=(",", ":"), ensure_ascii=False)
    done = whole_lines(path, head)
    if done == 0:
        with open(path, "w", encoding="utf-8") as file:
            file.write(head + "\n")
    with open(os.path.join(job, "images.jsonl"), "rb") as images, open(path, "a", encoding="utf-8") as part:
        images.seek(about["at"])
        for number in range(about["count"]):
            line = images.readline()
            if number < done:
                continue
            image = json.loads(line)
            try:
                found, width, height = find(image)
                entry = {"id": image["id"], "fileName": image["fileName"], "width": width, "height": height, **found}
            except JobError as error:
                entry = {"fileName": image["fileName"], "error": error.as_json()}
            part.write(json.dumps(entry, separators=(",", ":"), ensure_ascii=False) + "\n")
            part.flush()


class Detector:
    """An actor: a model that stays loaded, for one shard after the other."""

    def __init__(self, program, job, device):
        sys.path.insert(0, program)
        import torch
        from fcos_job import model
        from fcos_job.files import read_json
        from fcos_job.train import device_for

        torch.set_num_threads(1)
        self.job, self.record = job, read_json(os.path.join(job, "detect.json"))
        self.device = device_for(device)
        self.network = model.load(os.path.join(job, "model.safetensors")).eval().to(self.device)

    def find(self, image):
        from fcos_job.detect import detect

        rgb = read_labelled(image["path"], image.get("width", 0), image.get("height", 0))
        rules = self.record["rules"]
        limit = rules["limit"]
        found = detect(self.network, rgb, self.device, rules["score"], rules["nms"], limit + 1, rules["size"])
        return {"detections": found[:limit], "cut": len(found) > limit}, rgb.shape[1], rgb.shape[0]

    def __call__(self, batch):
        for shard in batch["shard"]:
            detect_shard(self.job, self.record, int(shard), self.find)
        return {"shard": batch["shard"]}


def main():
    parser = argparse.ArgumentParser(prog="fcos_job.ray_detect", description=__doc__.splitlines()[0])
    parser.add_argument("job")
    parser.add_argument("--actors", type=int, default=1)
    parser.add_argument("--gpus", action="store_true", help="a GPU for each actor")
    given = parser.parse_args()

    import ray

    job = os.path.abspath(given.job)
    record = files.read_json(os.path.join(job, "detect.json"))
    os.makedirs(os.path.join(job, "parts"), exist_ok=True)
    ray.init(address=os.environ.get("RAY_ADDRESS", "auto"))
    ray.data.DataContext.get_current().enable_progress_bars = False
    program = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    shards = ray.data.from_items([{"shard": shard} for shard in range(len(record["shards"]))],
                                 override_num_blocks=len(record["shards"]))
    found = shards.map_batches(
        Detector,
        fn_constructor_args=(program, job, "cuda" if given.gpus else "cpu"),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=given.actors),
        num_cpus=1,
        num_gpus=1 if given.gpus else 0,
    )
    for done, _ in enumerate(found.iter_rows(), 1):
        files.write_json(os.path.join(job, "progress.json"), {"done": done, "total": len(record["shards"])})


if __name__ == "__main__":
    main()
