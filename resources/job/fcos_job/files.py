"""The files of a run folder. Only safetensors and JSON are read and written: nothing in them is ever executed."""
import errno
import json
import os
import re
import struct
import time

RECORD, DATA, START, STATE = "run.json", "data.json", "start.safetensors", "state.safetensors"
LOG, EVALUATIONS, BEST, LAST = "log.jsonl", "evaluations.jsonl", "best.safetensors", "last.safetensors"
# Reading it means setting it.
os.umask(UMASK := os.umask(0o077))
# What whoever started the job follows, steers it by, and is told when it fails.
EVENTS, CONTROL, FAULT = "events.jsonl", "control", "fault.json"


class JobError(Exception):
    """What a user is told: a stable code, what happened and where, and what to do."""

    def __init__(self, code, message, remedy=None):
        super().__init__(message)
        self.code, self.message, self.remedy = code, message, remedy

    def as_json(self):
        return {"code": self.code, "message": self.message, **({"remedy": self.remedy} if self.remedy else {})}


def as_job_error(error, kept):
    """Any error in the words of a JobError. `kept` says what is still there, as a sentence without its full stop."""
    if isinstance(error, JobError):
        return error
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return JobError("IO_DISK_FULL", f"The disk is full: {error.filename or 'the run folder'}",
                        f"{kept}. Free some space, then resume the run")
    if isinstance(error, MemoryError) or "out of memory" in text.lower():
        return JobError("RUNTIME_OUT_OF_MEMORY", f"The memory does not suffice ({text})",
                        f"{kept}. Train with a smaller batch or size, or on more processes")
    if isinstance(error, OSError) and error.filename:
        return JobError("IO_FILE", f"{error.filename}: {error.strerror}", f"{kept}. Check the path and its permissions")
    # gloo and NCCL name neither the process nor the reason; the first line is all that a user can use.
    if "Connection" in text or "NCCL" in text or "gloo" in text.lower():
        return JobError("ENGINE_DIED", f"A process of the job was lost ({text})", f"{kept}. Resume the run")
    return JobError("ENGINE_INTERNAL", text, kept)


def require_version(package, version, least):
    """Raises JobError for a package that is older than this program needs. Versions are compared by their first two numbers."""
    numbers = [int("".join(filter(str.isdigit, part)) or 0) for part in version.split(".")[:2]]
    if numbers < list(least):
        needed = ".".join(map(str, least))
        raise JobError(f"RUNTIME_{package.upper()}", f"This Python has {package} {version}, older than {needed}",
                       "Install the job's program/requirements.txt on every machine of the job")


def read_json(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise JobError("USAGE_JOB", f"{path} cannot be read: {error}", "Pack the job again") from error


def replace(path, write):
    """Writes a file under a temporary name, then renames it: it appears complete or not at all."""
    partial = path + ".partial"
    try:
        write(partial)
        # safetensors makes files that nobody else may read.
        os.chmod(partial, 0o666 & ~UMASK)
        with open(partial, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException as error:
        if os.path.exists(partial):
            os.remove(partial)
        # safetensors tells what the system answered in words alone.
        told = re.search(r"(.*) \(os error (\d+)\)", str(error))
        if told and not isinstance(error, OSError):
            why, number = told[1], int(told[2])
            raise OSError(0, why, path, number) if os.name == "nt" else OSError(number, why, path) from error
        raise


def write_json(path, value):
    def write(partial):
        with open(partial, "w", encoding="utf-8") as file:
            json.dump(value, file)

    replace(path, write)


def metadata(path):
    """The texts in a safetensors file's header."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length)).get("__metadata__", {})


def finite(value):
    """As JSON has it: what is no finite number is null."""
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list) else value


class LinesFile:
    """JSON lines, each a single write, so that a killed process leaves at most its last line torn."""

    def __init__(self, path, next_step=None):
        """Drops every line at or after `next_step`, torn ones included: a resumed run comes by there again."""
        if next_step is not None and os.path.exists(path):
            with open(path, "rb+") as file:
                file.truncate(_length_before(file.read(), next_step))
        self._file = open(path, "ab", buffering=0)

    def append(self, line):
        self._file.write((json.dumps(finite(line), separators=(",", ":")) + "\n").encode())

    def close(self):
        os.fsync(self._file.fileno())
        self._file.close()


def _length_before(content, next_step):
    start = 0
    while (end := content.find(b"\n", start)) >= 0:
        try:
            if json.loads(content[start:end])["step"] >= next_step:
                break
        except (ValueError, KeyError, TypeError):
            break
        start = end + 1
    return start


class Control:
    """What whoever started the job wants of it: a file that holds `pause` or `stop`, or nothing."""

    def __init__(self, folder):
        self._path = os.path.join(folder, CONTROL)

    def read(self):
        try:
            with open(self._path, encoding="utf-8") as file:
                return file.read().strip()
        except OSError:
            return ""

    def wait_while_paused(self, is_over):
        while self.read() == "pause" and not is_over():
            time.sleep(0.2)
