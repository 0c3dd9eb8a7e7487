"""The same job under Ray Train: python -m fcos_job.ray_train JOB --workers N [--gpus] [--pinned JSON]

JOB lies on storage that every node sees. A worker that is lost is replaced, and the run goes on from its last saved state.
"""
import argparse
import json
import os
import sys

from . import files

FAILURES = 3
LEAST_RAY = (2, 40)


def loop(config):
    """In each worker."""
    sys.path.insert(0, config["program"])
    import ray.train
    from fcos_job.train import train

    context = ray.train.get_context()
    os.environ["LOCAL_RANK"] = str(context.get_local_rank())
    os.environ["LOCAL_WORLD_SIZE"] = str(context.get_local_world_size())
    os.environ.pop("FCOS_JOB_PARENT", None)
    train(config["run"], config["options"], ray.train.report, is_again=True)


def main():
    parser = argparse.ArgumentParser(prog="fcos_job.ray_train", description=__doc__.splitlines()[0])
    parser.add_argument("job")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--gpus", action="store_true", help="a GPU for each worker")
    parser.add_argument("--pinned", type=json.loads, help='{"images": [paths], "every": steps}')
    given = parser.parse_args()

    import ray
    import torch  # noqa: F401  says at once that it is missing
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    job = os.path.abspath(given.job)
    run, base = os.path.join(job, "run"), files.read_json(os.path.join(job, "job.json"))["images"]["base"]
    for name in (files.FAULT, files.EVENTS):
        if os.path.exists(os.path.join(run, name)):
            os.remove(os.path.join(run, name))
    try:
        files.require_version("ray", ray.__version__, LEAST_RAY)
    except files.JobError as error:
        files.write_json(os.path.join(run, files.FAULT), error.as_json())
        raise
    ray.init(address=os.environ.get("RAY_ADDRESS", "auto"))
    images = os.path.join(job, base) if base == "images" else base
    config = {
        "run": run,
        "options": {"images": images, "device": "cuda" if given.gpus else "cpu", "pinned": given.pinned},
        "program": os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
    }
    TorchTrainer(
        loop,
        train_loop_config=config,
        torch_config=TorchConfig(backend="cpu:gloo,cuda:nccl" if given.gpus else "gloo"),
        scaling_config=ScalingConfig(num_workers=given.workers, use_gpu=given.gpus),
        run_config=RunConfig(name="fcos", storage_path=os.path.join(job, "ray"),
                             failure_config=FailureConfig(max_failures=FAILURES)),
    ).fit()


if __name__ == "__main__":
    main()
