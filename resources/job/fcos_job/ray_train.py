"""The same job under Ray Train: python -m fcos_job.ray_train JOB --workers N [--gpus]

JOB lies on storage that every node sees. A worker that is lost is replaced, and the run goes on from its last saved state.
What the run says is repeated on standard output, which Ray's Jobs API hands on.
"""
import argparse
import os
import sys
import threading
import time

from . import files

FAILURES = 3


def loop(config):
    """In each worker."""
    sys.path.insert(0, config["program"])
    import ray.train
    from fcos_job.train import train

    context = ray.train.get_context()
    os.environ["LOCAL_RANK"] = str(context.get_local_rank())
    os.environ["LOCAL_WORLD_SIZE"] = str(context.get_local_world_size())
    os.environ.pop("FCOS_JOB_PARENT", None)
    lost_at = config["lost_at"]

    def report(figures):
        ray.train.report(figures)
        marker = os.path.join(config["run"], "lost")
        if context.get_world_rank() == 1 and figures["step"] == lost_at and not os.path.exists(marker):
            with open(marker, "w", encoding="utf-8"):
                os._exit(9)  # a rehearsal: this worker is lost, once

    train(config["run"], {"images": config["images"], "device": config["device"]}, report, is_again=True)


def repeat(path, is_over):
    """Prints what is added to a file, line by line, until it is over."""
    at = 0
    while True:
        last = is_over()
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                file.seek(at)
                text = file.read()
            whole = text.rfind("\n") + 1
            at += len(text[:whole].encode())
            sys.stdout.write(text[:whole])
            sys.stdout.flush()
        if last:
            return
        time.sleep(0.3)


def main():
    parser = argparse.ArgumentParser(prog="fcos_job.ray_train", description=__doc__.splitlines()[0])
    parser.add_argument("job")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--gpus", action="store_true", help="a GPU for each worker")
    given = parser.parse_args()

    import ray
    import torch  # noqa: F401  says at once that it is missing
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    job = os.path.abspath(given.job)
    run, base = os.path.join(job, "run"), files.read_json(os.path.join(job, "job.json"))["images"]["base"]
    events = os.path.join(run, files.EVENTS)
    for name in (files.FAULT, files.EVENTS):
        if os.path.exists(os.path.join(run, name)):
            os.remove(os.path.join(run, name))
    ray.init(address=os.environ.get("RAY_ADDRESS", "auto"))
    over = threading.Event()
    teller = threading.Thread(target=repeat, args=(events, over.is_set))
    teller.start()
    try:
        config = {
            "run": run,
            "images": os.path.join(job, base) if base == "images" else base,
            "program": os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
            "device": "cuda" if given.gpus else "cpu",
            "lost_at": int(os.environ.get("FCOS_JOB_LOST_AT", -1)),
        }
        TorchTrainer(
            loop,
            train_loop_config=config,
            torch_config=TorchConfig(backend="cpu:gloo,cuda:nccl" if given.gpus else "gloo"),
            scaling_config=ScalingConfig(num_workers=given.workers, use_gpu=given.gpus),
            run_config=RunConfig(name="fcos", storage_path=os.path.join(job, "ray"),
                                 failure_config=FailureConfig(max_failures=FAILURES)),
        ).fit()
    finally:
        over.set()
        teller.join()


if __name__ == "__main__":
    main()
