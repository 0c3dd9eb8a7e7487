"""Trains a run folder from its first step, or its last saved one, to its end: alone, under torchrun, or called by Ray Train.

    python -m fcos_job.train RUN [--images FOLDER_OR_URI]
    torchrun --nproc-per-node 4 -m fcos_job.train RUN

`options.batch` is the batch of the whole job: W processes take batch/W images each, so any number of them gives the same
run, and a run may go on with another number. SIGTERM, or the word `stop` in RUN/control: the state is saved, and the job ends
with status 0.
"""
import argparse
import base64
import inspect
import json
import math
import os
import signal
import sys
import time

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from . import files
from .data import NO_AUGMENTATION, Inputs, batches, place_of, read_image, read_labelled
from .detect import coco_metrics, detect, pinned_prediction
from .files import Control, JobError, LinesFile, as_job_error, read_json, require_version, write_json
from .learn import Learning, first_progress
from .loss import losses, summed
from .model import FCOS, load, require_known, save

# Halvings of the rate after non-finite losses before a run gives up.
MOST_ROLLBACKS = 5
FAILED = 3
LEAST_TORCH = (2, 6)
GO_ON, PAUSE, STOP = 0, 1, 2
# The settings that decide how a network learns. As with those of the network, one that is not known is refused.
RULES = {
    "assignment": {"location", "ranges", "area", "radius", "regressionRanges"},
    "loss": {"box", "boxWeight", "quality", "focalAlpha", "focalGamma"},
}
OPTIONS = {"steps", "size", "batch", "accumulate", "learn", "optimiser", "schedule", "augment", "average", "normaliser",
           "tile", "cacheFeatures", "evaluateEvery", "saveEvery", "seed"}
PARTS_OF_OPTIONS = {
    "optimiser": {"kind", "rate", "pyramidShare", "backboneShare", "momentum", "weightDecay", "clipNorm"},
    "schedule": {"warmup", "decay"},
    "augment": set(NO_AUGMENTATION),
}


class Job:
    """How a run is computed: none of it changes what is computed, but for the rounding of bfloat16."""

    def __init__(self, images="", device="auto", precision="auto", workers=None, pinned=None):
        self.rank, self.world = (dist.get_rank(), dist.get_world_size()) if dist.is_initialized() else (0, 1)
        self.images, self.pinned = images, pinned
        self.device = device_for(device)
        self.precision = precision_for(precision, self.device)
        # A CPU that trains has no cores to spare for others; a GPU waits for images otherwise.
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        spare = min(8, max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", 1)) - 1))
        self.workers = workers if workers is not None else 0 if self.device.type == "cpu" else spare


def device_for(name):
    local = int(os.environ.get("LOCAL_RANK", 0))
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if name == "cuda":
        if local >= torch.cuda.device_count():
            raise JobError("RUNTIME_DEVICE", f"{torch.cuda.device_count()} GPUs are here for process {local + 1} of this machine",
                           "Start one process per GPU, or choose --device cpu")
        torch.cuda.set_device(local)
        torch.backends.cudnn.allow_tf32 = False
        return torch.device("cuda", local)
    if name == "mps" and not torch.backends.mps.is_available():
        raise JobError("RUNTIME_DEVICE", "There is no GPU of Apple's here", "Choose --device cpu")
    return torch.device(name)


def precision_for(name, device):
    """None: float32."""
    if name == "bfloat16" and device.type == "mps":
        raise JobError("RUNTIME_DEVICE", "bfloat16 is not used on Apple's GPUs", "Choose --precision float32")
    able = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.bfloat16 if name == "bfloat16" or (name == "auto" and able) else None


def require_rules(config, options):
    """Raises JobError for a setting of training that this program does not know."""
    for part, known in RULES.items():
        require_known(config[part], known, f"{part}.")
    require_known(options, OPTIONS)
    for part, known in PARTS_OF_OPTIONS.items():
        require_known(options[part], known, f"{part}.")


class Run:
    def __init__(self, folder, job):
        self.folder, self.job = folder, job
        self.record, self.data = read_json(self.path(files.RECORD)), read_json(self.path(files.DATA))
        self.options, self.config = self.record["options"], self.record["model"]
        require_rules(self.config, self.options)
        if self.options["batch"] % job.world:
            raise JobError("USAGE_JOB_WORLD", f"Batches of {self.options['batch']} images cannot be shared evenly by {job.world} processes",
                           "Start a number of processes that divides the batch, or pack the job with another --batch")
        start = self.path(files.STATE) if os.path.exists(self.path(files.STATE)) else None
        network = load(self.path(files.START), self.config) if start is None else FCOS(self.config)
        self.learning = Learning(network, self.options, job.device)
        self.progress = first_progress() if start is None else self.learning.restore(start)
        self.resumed_from = None if start is None else self.progress["step"]
        # The step of the last saved state.
        self.saved = None
        self.parallel = _shared(network) if job.world > 1 else network
        self.control, self.is_told_to_stop = Control(folder), False
        self.pace, self.left_out, self.known_bad, self.told_black = None, set(), set(), False
        self.events = LinesFile(self.path(files.EVENTS)) if job.rank == 0 else None
        self.log = self.evaluations = None

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def kept(self):
        """What is still there if the run fails now, as a sentence without its full stop."""
        if self.saved is None:
            return "Nothing was trained"
        return f"The state of step {self.saved} and earlier checkpoints are kept in {self.folder}"

    def emit(self, kind, **event):
        if self.events:
            self.events.append({"kind": kind, **event})

    def note(self, message):
        self.emit("note", message=message)

    # ---- from the first step to the last

    def to_the_end(self, report=lambda figures: None):
        """report: told of each step's figures, in every process."""
        if self.resumed_from is None:
            self.save()
        self.saved = self.progress["step"]
        self.emit("plan", resumedFrom=self.resumed_from)
        self.open_streams()
        steps, evaluate_every = self.options["steps"], self.options["evaluateEvery"]
        if self.progress["owesEvaluation"]:
            self.evaluate()
        wish = self.wish()
        while self.progress["step"] < steps and wish != STOP:
            figures = self.step()
            if figures is None:
                self.roll_back()
                continue
            step = self.progress["step"]
            last = step == steps
            self.progress["owesEvaluation"] = last or (evaluate_every > 0 and step % evaluate_every == 0)
            if self.progress["owesEvaluation"]:
                self.evaluate()
            if last or step % self.options["saveEvery"] == 0:
                self.save()
            if self.job.pinned and (last or step % self.job.pinned["every"] == 0):
                self.show_pinned()
            report(figures)
            wish = self.wish()
            if wish == PAUSE:
                self.save()
                self.emit("paused")
                while (wish := self.wish()) == PAUSE:
                    time.sleep(0.3)
                if wish == GO_ON:
                    self.emit("continued")
        if wish == STOP and self.progress["step"] < steps:
            self.save()
            self.write_model(files.LAST)
        step, best = self.progress["step"], self.progress["best"]
        complete = step == steps and not self.progress["owesEvaluation"]
        self.close_streams()
        if self.job.world > 1:
            # Nobody leaves while another is still at work with it.
            dist.barrier()
        self.emit("ended", steps=step, complete=complete, evaluation=best)

    def wish(self):
        """What whoever started the job wants, agreed by all processes."""
        own = STOP if self.is_told_to_stop or _is_orphaned() else GO_ON
        if self.job.rank == 0:
            own = max(own, {"pause": PAUSE, "stop": STOP}.get(self.control.read(), GO_ON))
        stops, pauses = summed([own == STOP, own == PAUSE])
        return STOP if stops else PAUSE if pauses else GO_ON

    def step(self):
        """One optimiser step of one or more passes. None where a loss or gradient was not finite: then nothing has moved."""
        began = time.perf_counter()
        passes, batch = self.options["accumulate"], self.options["batch"]
        step = self.progress["step"]
        self.learning.begin(step, self.progress["rateScale"])
        passed = []
        for turn in range(passes):
            images, label, ltrb, bad, black = next(self.batches)
            self.tell_of_images(bad, black)
            device = self.job.device
            images, label, ltrb = (each.to(device, non_blocking=True) for each in (images, label, ltrb))
            with torch.autocast(device.type, self.job.precision, enabled=self.job.precision is not None):
                outputs = self.parallel(images)
            loss, figures = losses(outputs, label, ltrb, self.config, self.normaliser)
            passed.append(figures)
            # DDP averages over processes; each loss is already divided by the whole batch's numbers.
            (loss * self.job.world / passes).backward()
        mean = {name: sum(each[name] for each in passed) / passes for name in passed[0]}
        loss = mean["classification"] + mean["box"] + mean["centerness"]
        norm = self.learning.step(step) if math.isfinite(loss) else math.nan
        if not math.isfinite(norm):
            return None
        self.progress["step"] += 1
        seconds = time.perf_counter() - began
        self.pace = seconds if self.pace is None else 0.9 * self.pace + 0.1 * seconds
        memory, peak = memory_mb()
        common = {
            **{"steps": self.options["steps"], "loss": loss},
            **{"gradientNorm": norm, "positives": sum(each["positives"] for each in passed), "rate": self.learning.rate},
            "imagesPerSecond": batch * passes / seconds,
            "remainingSeconds": self.pace * (self.options["steps"] - step - 1),
            "device": "cpu" if self.job.device.type == "cpu" else "gpu",
            **{"memoryMb": memory, "peakMb": peak},
        }
        figures = {
            **{name: mean[name] for name in ("classification", "box", "centerness")},
            "centernessExcess": mean["centerness"] - mean["floor"],
        }
        if self.log:
            self.log.append({**common, **figures, "step": step})
        self.emit("step", **common, figures=figures, step=step + 1)
        return {"step": step, "loss": loss}

    def normaliser(self, positives):
        """What losses are divided by: the positives of the whole batch, or a moving average of them; at least 1."""
        count = max(1, positives)
        if self.options["normaliser"] == "batch":
            return count
        average = self.progress["positives"]
        self.progress["positives"] = count if average is None else 0.9 * average + (1 - 0.9) * count
        return self.progress["positives"]

    def roll_back(self):
        """Back to the last saved state with half the rate: a diverged network cannot be mended by further steps."""
        failed, rollbacks, scale = self.progress["step"] + 1, self.progress["rollbacks"], self.progress["rateScale"]
        if rollbacks == MOST_ROLLBACKS:
            raise JobError("TRAIN_DIVERGED", f"The loss was not finite at step {failed}, for the {MOST_ROLLBACKS + 1}th time",
                           f"{self.kept}. Look at the boxes near that step, or train with a lower rate")
        self.close_streams()
        self.progress = self.learning.restore(self.path(files.STATE))
        self.progress.update(rollbacks=rollbacks + 1, rateScale=scale / 2)
        self.save()
        step = self.progress["step"]
        self.note(f"The loss was not finite at step {failed}. Training goes on from step {step} with half the learning rate")
        self.open_streams()

    # ---- measuring

    def evaluate(self):
        """Every process detects its share of the validation images; boxes travel as plain numbers."""
        validation = self.data["validation"]
        result = None
        self.learning.exchange()
        if validation is not None:
            rows, left = [], []
            for index in range(self.job.rank, len(validation), self.job.world):
                image = validation[index]
                try:
                    rgb = read_labelled(place_of(self.job.images, image["path"]), image["width"], image["height"])
                except JobError:
                    left.append([index])
                    continue
                for one in detect(self.learning.network, rgb, self.job.device):
                    rows.append([image["id"], one["categoryId"], *one["box"], one["score"]])
            rows, left = gathered(rows, 7), {int(index) for (index,) in gathered(left, 1)}
            for index in sorted(left - self.left_out):
                self.note(f"Left out of the validation: {self.reason(validation[index])}")
            self.left_out |= left
            images = [image for index, image in enumerate(validation) if index not in left]
            step = self.progress["step"]
            if not images:
                self.note(f"Step {step} was not measured: none of the validation images can be used")
            elif self.job.rank == 0:
                result = {"step": step, **coco_metrics(self.data, images, rows)}
        self.progress["owesEvaluation"] = False
        if result:
            best = self.progress["best"] is None or result["stats"][0] > self.progress["best"]["stats"][0]
            if best:
                self.write_model(files.BEST, result, averaged=True)
                self.progress["best"] = result
            self.evaluations.append({**result, "step": result["step"] - 1})
            self.emit("evaluated", best=best, **result)
        self.write_model(files.LAST, result, averaged=True)
        self.learning.exchange()

    def show_pinned(self):
        """With the averages, as they would be saved. Pictures to look at are not worth a run."""
        if self.job.rank:
            return
        self.learning.exchange()
        for index, path in enumerate(self.job.pinned["images"]):
            try:
                rgb = read_image(path)
            except JobError as error:
                if error.message not in self.left_out:
                    self.note(f"No live predictions: {error.message}")
                self.left_out.add(error.message)
                continue
            seen = pinned_prediction(self.learning.network, rgb, self.job.device)
            seen["maps"] = {name: base64.b64encode(each.numpy().tobytes()).decode() for name, each in seen["maps"].items()}
            self.emit("pinned", step=self.progress["step"], index=index, **seen)
        self.learning.exchange()

    def tell_of_images(self, bad, black):
        """Each unusable image is told once, whichever process met it; its reason is read anew."""
        counts = summed([len(bad), len(black)])
        if counts[0]:
            for index in sorted({int(each) for (each,) in gathered([[index] for index in bad], 1)} - self.known_bad):
                self.known_bad.add(index)
                image = self.data["training"][index]
                self.note(f"{image['path']} is skipped: {self.reason(image)}")
        if counts[1] and not self.told_black:
            self.told_black = True
            index = min(int(each) for (each,) in gathered([[index] for index in black], 1))
            self.note(f"{self.data['training'][index]['path']} is all but black: no value is above 15 of 255. Of 16 bits the "
                      "upper 8 are read, so that data of 12 bits have to be stretched to all 16 first. Further images of that "
                      "kind are not named")

    def reason(self, image):
        try:
            read_labelled(place_of(self.job.images, image["path"]), image["width"], image["height"])
        except JobError as error:
            return ". ".join(filter(None, (error.message, error.remedy)))
        return "another process could not read it"

    # ---- keeping

    def save(self):
        if self.job.rank == 0:
            self.learning.save(self.path(files.STATE), self.progress)
        if self.job.world > 1:
            dist.barrier()
        self.saved = self.progress["step"]

    def write_model(self, name, result=None, averaged=False):
        """averaged: the averages are in the network already."""
        if self.job.rank:
            return
        if not averaged:
            self.learning.exchange()
        training = {"step": self.progress["step"], "size": self.options["size"], "seed": self.options["seed"],
                    "images": self.record["images"], "stats": result and result["stats"]}
        # Images that would be taken in tiles are refused before a job is packed; detection is told what was asked for.
        if self.options.get("tile", "auto") != "auto":
            training["tile"] = self.options["tile"]
        save(self.path(name), self.config, self.learning.network.state_dict(), training)
        if not averaged:
            self.learning.exchange()

    def open_streams(self):
        """Batches and logs from the current step on."""
        step = self.progress["step"]
        if self.job.rank == 0:
            self.log = LinesFile(self.path(files.LOG), step)
            self.evaluations = LinesFile(self.path(files.EVALUATIONS), step)
        inputs = Inputs(self.record, self.data["training"], self.job.images)
        first = step * self.options["accumulate"]
        self.batches = batches(inputs, first, self.job.rank, self.job.world, self.job.workers)

    def close_streams(self):
        for each in (self.log, self.evaluations):
            if each:
                each.close()
        self.log = self.evaluations = self.batches = None


def _shared(network):
    """Frozen BatchNorm never changes, so that its buffers need no sending; torch has renamed the option that says so."""
    options = inspect.signature(DistributedDataParallel.__init__).parameters
    name = "forward_sync_buffers" if "forward_sync_buffers" in options else "broadcast_buffers"
    return DistributedDataParallel(network, **{name: False})


def _is_orphaned():
    """Whether the program that started this job on this machine has ended without a word."""
    parent = os.environ.get("FCOS_JOB_PARENT")
    if not parent or os.name == "nt":
        return False
    try:
        os.kill(int(parent), 0)
        return False
    except ProcessLookupError:
        return True
    except PermissionError:
        return False


def gathered(rows, width):
    """All processes' rows of `width` numbers, in the order of processes. No object is ever unpickled."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return rows
    world, own = dist.get_world_size(), torch.tensor(rows, dtype=torch.float64).reshape(-1, width)
    counts = [torch.zeros(1, dtype=torch.int64) for _ in range(world)]
    dist.all_gather(counts, torch.tensor([len(own)]))
    most = max(int(count) for count in counts)
    padded = torch.zeros(most, width, dtype=torch.float64)
    padded[: len(own)] = own
    every = [torch.zeros_like(padded) for _ in range(world)]
    dist.all_gather(every, padded)
    return [row for part, count in zip(every, counts) for row in part[: int(count)].tolist()]


def memory_mb():
    """Resident memory of this process, now and at most; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0, 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20, peak
    except OSError:
        return peak, peak


def train(folder, options, report=lambda figures: None, is_again=False):
    """Called by every process of a job. options: of Job. What ends a run is told in RUN/fault.json.

    is_again: of a job that torchrun or Ray has started again, which helps against a lost process alone.
    """
    run = None
    fault = os.path.join(folder, files.FAULT)
    try:
        if is_again and os.path.exists(fault):
            raise JobError(**read_json(fault))
        require_version("torch", torch.__version__, LEAST_TORCH)
        run = Run(folder, Job(**options))
        try:
            signal.signal(signal.SIGTERM, lambda *_: setattr(run, "is_told_to_stop", True))
        except ValueError:
            pass  # Ray runs this in a thread, and ends jobs in its own way.
        run.to_the_end(report)
    except Exception as error:
        told = as_job_error(error, run.kept if run else "Nothing was trained")
        if told.code != "ENGINE_DIED" and not os.path.exists(fault):
            write_json(fault, told.as_json())
        raise told from error


def main():
    parser = argparse.ArgumentParser(prog="fcos_job.train", description=__doc__.splitlines()[0])
    parser.add_argument("run", help="the run's folder")
    parser.add_argument("--images", default="", help="folder or URI that the paths in data.json start from")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    parser.add_argument("--workers", type=int, help="processes that prepare images, for each process that trains")
    parser.add_argument("--pinned", type=json.loads, help='{"images": [paths], "every": steps}')
    given = vars(parser.parse_args())
    folder = given.pop("run")
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        # Sums and rows lie on the CPU, gradients where the network is.
        dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    is_again = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0)) > 0
    fault = os.path.join(folder, files.FAULT)
    if not is_again and int(os.environ.get("RANK", 0)) == 0 and os.path.exists(fault):
        os.remove(fault)
    if dist.is_initialized():
        dist.barrier()
    try:
        train(folder, given, is_again=is_again)
    except JobError as error:
        print(f"fcos_job: {error.message}. {error.remedy or ''}", file=sys.stderr)
        sys.exit(FAILED)
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


if __name__ == "__main__":
    main()
