"""From image files to the network's inputs: the studio's order of images and its augmentation, draw for draw.

Coordinates are continuous: pixel k covers [k, k + 1). Boxes are x1, y1, x2, y2. What an input holds depends on the run
and its position in the stream alone, never on timing, processes or workers.
"""
import math
import os
from collections import OrderedDict

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch.utils.data import DataLoader, Dataset

from .files import JobError
from .loss import targets_of

MASK = 0xFFFFFFFF
# 134 megapixels, as in the studio.
MOST_PIXELS = 2**27
# Memory for decoded images of one process or loader worker.
CACHE_BYTES = 2**28
# Greatest value of 8 bits that a picture with 12 bits of information in 16 can have.
TWELVE_BITS = 15
Image.MAX_IMAGE_PIXELS = None


# ---- chance: the studio's generators, so that the same seed gives the same numbers

def fnv1a(text):
    """32-bit hash of a text: turns names into seeds."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & MASK
    return value


def mulberry32(seed):
    """A source of floats, uniform in [0, 1)."""
    state = seed & MASK

    def draw():
        nonlocal state
        state = (state + 0x6D2B79F5) & MASK
        t = ((state ^ (state >> 15)) * (state | 1)) & MASK
        t ^= (t + ((t ^ (t >> 7)) * (t | 61))) & MASK
        return ((t ^ (t >> 14)) & MASK) / 2**32

    return draw


def shuffle(items, random):
    for i in range(len(items) - 1, 0, -1):
        j = math.floor(random() * (i + 1))
        items[i], items[j] = items[j], items[i]
    return items


def half_up(value):
    """JavaScript's Math.round."""
    return math.floor(value + 0.5)


class EpochOrder:
    """One endless stream of epochs, each a fresh permutation; a batch may straddle two of them."""

    def __init__(self, images, seed):
        self.images, self.seed, self.permutations = images, seed, OrderedDict()

    def permutation(self, epoch):
        if epoch not in self.permutations:
            random = mulberry32(fnv1a(f"epoch/{self.seed}/{epoch}"))
            self.permutations[epoch] = shuffle(list(range(self.images)), random)
            while len(self.permutations) > 2:
                self.permutations.popitem(last=False)
        return self.permutations[epoch]

    def at(self, position):
        """→ epoch, index in the data set"""
        epoch = position // self.images
        return epoch, self.permutation(epoch)[position % self.images]

    def random(self, epoch, index):
        return mulberry32(fnv1a(f"augment/{self.seed}/{epoch}/{index}"))


# ---- reading

def place_of(base, path):
    """Where an image lies: `path` is absolute, or relative to a folder or to the URI of an object store."""
    if os.path.isabs(path):
        return path
    return f"{base.rstrip('/')}/{path}" if "://" in base else os.path.join(base, *path.split("/"))


def open_image(place):
    if "://" not in place:
        return Image.open(place)
    from pyarrow import fs  # comes with Ray

    filesystem, path = fs.FileSystem.from_uri(place)
    return Image.open(filesystem.open_input_file(path))


def read_image(place):
    """[H,W,3] RGB of 8 bits as the studio reads it: EXIF orientation applied, profiles and alpha dropped, the first frame,
    of 16 bits the upper 8. Raises JobError, which names the file and the reason."""
    try:
        with open_image(place) as image:
            if image.width * image.height > MOST_PIXELS:
                raise JobError("DATA_IMAGE_TOO_LARGE", f"{place}: {image.width}×{image.height} is more than 134 megapixels",
                               "Cut it into tiles")
            if image.mode in ("F", "I"):
                raise JobError("DATA_IMAGE_FORMAT", f"{place}: samples of 32 bits are not supported, only 8 and 16 bits",
                               "Convert it to 8 or 16 bits")
            turned = ImageOps.exif_transpose(image)
            if turned.mode.startswith("I;16"):
                grey = (np.asarray(turned).astype(np.uint16) >> 8).astype(np.uint8)
                return np.repeat(grey[:, :, None], 3, axis=2)
            return np.asarray(turned.convert("RGB"))
    except JobError:
        raise
    except FileNotFoundError:
        raise JobError("DATA_IMAGE_UNREADABLE", f"{place}: it does not exist",
                       "Make the images available at this path on every machine of the job") from None
    except UnidentifiedImageError:
        raise JobError("DATA_IMAGE_FORMAT", f"{place}: it is not an image in a supported format") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise JobError("DATA_IMAGE_BROKEN", f"{place}: {error}") from None


def read_labelled(place, width, height):
    """The same of an image whose labels count in width × height pixels; 0 where they do not say."""
    rgb = read_image(place)
    found = rgb.shape[1], rgb.shape[0]
    if not width or not height or found == (width, height):
        return rgb
    raise JobError(
        "DATA_IMAGE_SIZE",
        f"{place}: the image is {found[0]}×{found[1]}, EXIF orientation applied, but its labels are for {width}×{height}",
        "The labels count in the pixels as they are stored: turn the photo itself, or the labels"
        if found == (height, width)
        else "Are these the labels of another version of the image, or of its namesake in another folder?",
    )


class Images:
    """Decoded images, least recently used out first; one that cannot be used is replaced by the next of the data set."""

    def __init__(self, samples, base):
        self.samples, self.base = samples, base
        self.held, self.bytes, self.bad = OrderedDict(), 0, set()
        # Indices that were met since somebody asked: unusable, and all but black.
        self.met_bad, self.met_black = [], []

    def read(self, index):
        """Raises JobError."""
        path, width, height = self.samples[index][:3]
        return read_labelled(place_of(self.base, path), width, height)

    def find(self, index):
        """→ the index of the image itself or of its replacement, [H,W,3] RGB"""
        count = len(self.samples)
        for candidate in ((index + k) % count for k in range(count)):
            if candidate in self.bad:
                continue
            try:
                return candidate, self._load(candidate)
            except JobError:
                self.bad.add(candidate)
                self.met_bad.append(candidate)
        raise JobError("DATA_IMAGE_NONE", f"None of the {count} training images can be read ({self._why()})",
                       "Make the images available at this path on every machine of the job, or pack them with --images copy")

    def _why(self):
        try:
            self.read(0)
        except JobError as error:
            return error.message

    def _load(self, index):
        if index in self.held:
            self.held.move_to_end(index)
            return self.held[index]
        image = self.read(index)
        if image.max(initial=0) <= TWELVE_BITS:
            self.met_black.append(index)
        self.held[index] = image
        self.bytes += image.nbytes
        while self.bytes > CACHE_BYTES and len(self.held) > 1:
            self.bytes -= self.held.popitem(last=False)[1].nbytes
        return image


# ---- placing and drawing

def resized(width, height, rule):
    """Size at which the network sees an image, before padding."""
    factor = min(rule["shortSide"] / min(width, height), rule["longSide"] / max(width, height))
    return max(1, math.floor(width * factor)), max(1, math.floor(height * factor))


class Axis:
    """How one axis of an image lies on the canvas: source [0, source) covers canvas [offset, offset + length)."""

    def __init__(self, source, length, offset, flip, region):
        self.source, self.length, self.offset, self.flip, self.region = source, length, offset, flip, region

    def taps(self):
        """First canvas pixel; per pixel two source pixels and the weight of the second. Coordinates in float32, as torch's."""
        start = max(self.region[0], self.offset)
        i = np.arange(start, max(start, min(self.region[1], self.offset + self.length))) - self.offset
        centre = (self.length - 1 - i if self.flip else i) + 0.5
        step = np.float32(self.source / self.length)
        position = np.maximum(0, (step * centre).astype(np.float32) - np.float32(0.5))
        lower = np.minimum(np.floor(position).astype(np.int64), self.source - 1)
        return start, lower, np.minimum(lower + 1, self.source - 1), (position - lower).astype(np.float32)

    def place(self, low, high):
        """A side of a box on the canvas, clipped, and the share of the part inside the image that is left."""
        scale = self.length / self.source
        low, high = (min(max(side, 0), self.source) * scale for side in (low, high))
        start, end = (self.length - high, self.length - low) if self.flip else (low, high)
        start, end = self.offset + start, self.offset + end
        first, last = max(start, self.region[0]), min(end, self.region[1])
        return first, last, (last - first) / (end - start) if end > start else 0


def draw(canvas, rgb, x, y, to_input):
    """Resamples rgb [H,W,3] bilinearly into canvas [height,width,3]; to_input maps rows of RGB to network input."""
    left, column, next_column, across = x.taps()
    top, row, next_row, down = y.taps()
    if len(column) == 0 or len(row) == 0:
        return
    first, last = min(row.min(), next_row.min()), max(row.max(), next_row.max()) + 1
    strip = rgb[first:last].astype(np.float32)
    rows = strip[:, column] + across[:, None] * (strip[:, next_column] - strip[:, column])
    rows = to_input(rows)
    upper, lower = rows[row - first], rows[next_row - first]
    canvas[top : top + len(row), left : left + len(column)] = upper + down[:, None, None] * (lower - upper)


def normaliser(rule):
    """(v / 255 − mean) / std"""
    scale = 1 / (255 * np.array(rule["std"]))
    offset = -np.array(rule["mean"]) / np.array(rule["std"])
    return lambda rgb: (rgb * scale + offset).astype(np.float32)


def colour_map(random, augment, rule):
    """A jitter of brightness, contrast (about the mean colour), saturation and hue (of YUV), then normalisation."""
    brightness, contrast, saturation = (
        1 + (2 * random() - 1) * augment[name] for name in ("brightness", "contrast", "saturation")
    )
    hue = (2 * random() - 1) * augment["hue"]
    to_input = normaliser(rule)
    if (brightness, contrast, saturation, hue) == (1, 1, 1, 0):
        return to_input
    chroma = _chroma(saturation, hue)
    matrix = chroma * brightness * contrast
    offset = chroma @ (255 * np.array(rule["mean"]) * (1 - contrast))

    def shifted(rgb):
        return to_input(np.clip(rgb.astype(np.float64) @ matrix.T + offset, 0, 255).astype(np.float32))

    return shifted


def _chroma(saturation, hue):
    """[3,3] keeps luma, scales chroma and turns it in the U, V plane (BT.601)."""
    cos, sin = saturation * math.cos(2 * math.pi * hue), saturation * math.sin(2 * math.pi * hue)

    def turned(r, g, b):
        y = 0.299 * r + 0.587 * g + 0.114 * b
        u, v = 0.492 * (b - y), 0.877 * (r - y)
        red = y + (sin * u + cos * v) / 0.877
        blue = y + (cos * u - sin * v) / 0.492
        return red, (y - 0.299 * red - 0.114 * blue) / 0.587, blue

    return np.array([turned(1, 0, 0), turned(0, 1, 0), turned(0, 0, 1)]).T


def place(random, size, fitted, region, augment, factor):
    """Draws where an image comes to lie → x, y. fitted: its size at detection's scale, reduced to fit the canvas."""
    flips = random() < augment["hflip"], random() < augment["vflip"]
    low, high = augment["scale"]
    scale = factor * low * (high / low) ** random()
    axes = []
    for source, length, span, flip in zip(size, fitted, region, flips):
        length = max(1, half_up(length * scale))
        slack = span[1] - span[0] - length
        # Negative where the image is larger than the region, which then is a window of it.
        shift = 0 if augment["placement"] == "corner" else half_up(random() * slack)
        axes.append(Axis(source, length, span[0] + shift, flip, span))
    return axes


def quarters(random, width, height):
    """The canvas cut in four at a point of its middle."""
    x, y = (half_up(length * (0.3 + 0.4 * random())) for length in (width, height))
    return [(column, row) for row in ((0, y), (y, height)) for column in ((0, x), (x, width))]


# ---- inputs of a run

def samples_of(images, classes):
    """path, width, height, boxes [n,4], class indices [n] of each image. Crowds and unknown classes are no targets."""
    index_of = {each["id"]: index for index, each in enumerate(classes)}
    samples = []
    for image in images:
        crowds = image.get("crowds") or [0] * len(image["categories"])
        kept = [i for i, (c, crowd) in enumerate(zip(image["categories"], crowds)) if c in index_of and not crowd]
        boxes = np.array(image["boxes"], np.float32).reshape(-1, 4)[kept]
        labels = np.array([index_of[image["categories"][i]] for i in kept], np.int64)
        samples.append((image["path"], image["width"], image["height"], boxes, labels))
    return samples


# As in the studio's core/training: pixels exactly as in detection.
NO_AUGMENTATION = {
    **dict.fromkeys(("hflip", "vflip", "minVisible", "brightness", "contrast", "saturation", "hue"), 0),
    **{"scale": [1, 1], "placement": "corner", "mosaic": 0, "mosaicUntil": 0},
}


class Inputs(Dataset):
    """The run's endless stream of inputs: item p is the image at position p, augmented, with what it teaches."""

    def __init__(self, record, images, base):
        self.options, self.config, self.canvas = record["options"], record["model"], record["canvas"]
        self.images = Images(samples_of(images, self.config["classes"]), base)
        self.order = EpochOrder(len(images), self.options["seed"])
        # Cached features are of images without augmentation, in the order in which they were computed.
        self.once = self.options["cacheFeatures"]
        self.augment = NO_AUGMENTATION if self.once else self.options["augment"]
        self.passes = self.options["steps"] * self.options["accumulate"]

    def scene(self, position):
        """→ [H,W,3] float32, boxes [n,4] float32, classes [n]"""
        rule, augment, width, height = self.config["input"], self.augment, self.canvas["width"], self.canvas["height"]
        epoch, index = self.order.at(position)
        if self.once:
            epoch, index = 0, self.order.permutation(0)[index]
        random = self.order.random(epoch, index)
        progress = position // self.options["batch"] / self.passes
        chosen = [index]
        if random() < augment["mosaic"] and progress < augment["mosaicUntil"]:
            chosen += [math.floor(random() * len(self.images.samples)) for _ in range(3)]
        found = [self.images.find(each) for each in chosen]
        alone = len(found) == 1
        regions = [((0, width), (0, height))] if alone else shuffle(quarters(random, width, height), random)
        canvas = np.zeros((height, width, 3), np.float32)
        boxes, classes = [], []
        for (which, rgb), region in zip(found, regions):
            size = rgb.shape[1], rgb.shape[0]
            wide, high = resized(*size, rule)
            fit = min(1, width / wide, height / high)
            fitted = max(1, half_up(wide * fit)), max(1, half_up(high * fit))
            # In a mosaic between full size, where objects keep their scale, and half.
            x, y = place(random, size, fitted, region, augment, 1 if alone else 0.5 ** random())
            draw(canvas, rgb, x, y, colour_map(random, augment, rule))
            _, _, _, own, labels = self.images.samples[which]
            for box, label in zip(own.astype(np.float64), labels):
                left, right, across = x.place(box[0], box[2])
                top, bottom, down = y.place(box[1], box[3])
                if right - left >= 1 and bottom - top >= 1 and across * down >= augment["minVisible"]:
                    boxes.append((left, top, right, bottom))
                    classes.append(label)
        return canvas, np.array(boxes, np.float32).reshape(-1, 4), np.array(classes, np.int64)

    def __getitem__(self, position):
        canvas, boxes, classes = self.scene(position)
        size = self.canvas["width"], self.canvas["height"]
        label, ltrb = targets_of(torch.from_numpy(boxes), torch.from_numpy(classes), self.config["assignment"], *size)
        bad, black = self.images.met_bad, self.images.met_black
        self.images.met_bad, self.images.met_black = [], []
        return torch.from_numpy(canvas).permute(2, 0, 1), label, ltrb, bad, black


def collate(items):
    images, labels, ltrb, bad, black = zip(*items)
    return torch.stack(images), torch.stack(labels), torch.stack(ltrb), sum(bad, []), sum(black, [])


def batches(inputs, first_pass, rank, world, workers):
    """This process's part of every batch from a pass on."""
    batch = inputs.options["batch"]
    share = batch // world
    starts = range(first_pass * batch + rank * share, inputs.passes * batch, batch)
    positions = [list(range(start, start + share)) for start in starts]
    return iter(DataLoader(inputs, batch_sampler=positions, collate_fn=collate, num_workers=workers,
                           pin_memory=torch.cuda.is_available()))
