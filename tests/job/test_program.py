"""The Python side of jobs by itself: properties and examples worked by hand. Run with pytest and PYTHONPATH=resources/job."""
import json
import math
import os

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import save_file

from fcos_job import data, detect, files, learn, loss, model, ray_detect, train

RULES = {"location": "half-stride", "ranges": "closed", "area": "inclusive", "radius": 0}


def config(**changes):
    head = {"channels": 16, "depth": 1, "norm": "group", "groups": 4, "centernessOn": "regression", "distance": "relu", "levelScale": True}
    return {
        "architecture": "lite0",
        "classes": [{"id": 7, "name": "cat"}, {"id": 9, "name": "dog"}],
        "input": {"shortSide": 64, "longSide": 64, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
        "assignment": RULES,
        "head": head,
        "loss": {"box": "giou", "boxWeight": "centerness", "focalAlpha": 0.25, "focalGamma": 2},
        **changes,
    }


def options(**changes):
    return {
        "steps": 4, "batch": 2, "accumulate": 1, "learn": "c2", "average": True, "seed": 0, "cacheFeatures": False, "size": 64,
        "optimiser": {"kind": "adamw", "rate": 1e-3, "pyramidShare": 1, "backboneShare": 0.3, "momentum": 0.9, "weightDecay": 0.02, "clipNorm": 10},
        "schedule": {"warmup": 2, "decay": "cosine"}, "augment": data.NO_AUGMENTATION, "normaliser": "batch", "evaluateEvery": 0,
        "saveEvery": 1, **changes,
    }


def test_chance_is_the_studio_s():
    # What src/core/random.ts gives for the same seeds.
    assert data.fnv1a("epoch/0/0") == 1038268398
    draw = data.mulberry32(1)
    assert [draw() for _ in range(3)] == [0.6270739405881613, 0.002735721180215478, 0.5274470399599522]


def test_every_image_comes_once_per_epoch():
    order = data.EpochOrder(5, seed=3)
    assert sorted(order.at(position)[1] for position in range(5, 10)) == [0, 1, 2, 3, 4]


def test_targets_of_one_box_worked_by_hand():
    # A box of 24 × 24 at (4, 4) on 64 × 64: of P3's locations (4 + 8k), those strictly inside are 12 and 20 on each axis.
    boxes = torch.tensor([[4.0, 4, 28, 28]])
    label, ltrb = loss.targets_of(boxes, torch.tensor([1]), RULES, 64, 64)
    positive = (label != loss.BACKGROUND).nonzero()[:, 0].tolist()
    assert positive == [9, 10, 17, 18]
    assert ltrb[9].tolist() == [8, 8, 16, 16]
    assert loss.centerness_of(ltrb[9:10]).item() == pytest.approx(0.5)


def test_the_smaller_box_wins_and_of_equals_the_first():
    boxes = torch.tensor([[0.0, 0, 40, 40], [4, 4, 28, 28], [4, 4, 28, 28]])
    label, _ = loss.targets_of(boxes, torch.tensor([0, 1, 0]), RULES, 64, 64)
    assert label[9] == 1


def test_many_boxes_are_assigned_as_few_at_a_time(monkeypatch):
    corners = torch.rand(200, 2) * 200
    boxes = torch.cat([corners, corners + 5 + torch.rand(200, 2) * 90], 1)
    classes = torch.arange(200)
    whole = loss.targets_of(boxes, classes, RULES, 256, 256)
    monkeypatch.setattr(loss, "CHUNK", 7)
    parts = loss.targets_of(boxes, classes, RULES, 256, 256)
    assert all(torch.equal(one, other) for one, other in zip(whole, parts))


def test_losses_of_a_perfect_prediction():
    boxes = torch.tensor([[4.0, 4, 28, 28]])
    label, ltrb = (each[None] for each in loss.targets_of(boxes, torch.tensor([0]), RULES, 64, 64))
    logits = torch.full((1, label.shape[1], 2), -30.0)
    logits[0, label[0] == 0, 0] = 30
    quality = torch.logit(loss.centerness_of(ltrb.flatten(0, 1)).nan_to_num(0.5)[None].clamp(0.01, 0.99))
    total, figures = loss.losses((logits, ltrb.clone(), quality), label, ltrb, config(), lambda count: count)
    assert figures["positives"] == 4
    assert figures["classification"] == pytest.approx(0, abs=1e-9)
    assert figures["box"] == pytest.approx(0, abs=1e-6)
    assert figures["centerness"] == pytest.approx(figures["floor"], rel=1e-3)
    assert float(total) == pytest.approx(sum(figures[name] for name in ("classification", "box", "centerness")))


def test_a_batch_without_objects_is_ordinary():
    label, ltrb = (each[None] for each in loss.targets_of(torch.zeros(0, 4), torch.zeros(0).long(), RULES, 64, 64))
    shape = label.shape[1]
    total, figures = loss.losses((torch.zeros(1, shape, 2), torch.ones(1, shape, 4), torch.zeros(1, shape)), label, ltrb,
                                 config(), lambda count: max(1, count))
    assert math.isfinite(float(total)) and figures["positives"] == 0 and figures["box"] == 0


def test_boxes_move_with_their_pixels():
    # A white rectangle lies where its box says, whatever scale, crop and flip were drawn.
    rgb = np.zeros((60, 80, 3), np.uint8)
    rgb[20:40, 30:60] = 255
    augment = {**data.NO_AUGMENTATION, "hflip": 0.5, "vflip": 0.5, "scale": [0.5, 2], "placement": "random"}
    for seed in range(20):
        random = data.mulberry32(seed)
        x, y = data.place(random, (80, 60), (64, 48), ((0, 64), (0, 64)), augment, 1)
        canvas = np.zeros((64, 64, 3), np.float32)
        data.draw(canvas, rgb, x, y, lambda values: values)
        left, right, _ = x.place(30, 60)
        top, bottom, _ = y.place(20, 40)
        area = max(0, right - left) * max(0, bottom - top)
        assert canvas[..., 0].sum() / 255 == pytest.approx(area, abs=0.06 * area + 8)


def test_a_state_comes_back_whole_and_in_the_engine_s_layout(tmp_path):
    torch.manual_seed(0)
    one = learn.Learning(model.FCOS(config()), options(), torch.device("cpu"))
    one.begin(0, 1)
    sum(part.sum() for part in one.network(torch.rand(1, 3, 64, 64))).backward()
    one.step(0)
    path = str(tmp_path / "state.safetensors")
    one.save(path, {**learn.first_progress(), "step": 1})
    other = learn.Learning(model.FCOS(config()), options(), torch.device("cpu"))
    assert other.restore(path)["step"] == 1
    assert all(torch.equal(a, b) for a, b in zip(one.network.state_dict().values(), other.network.state_dict().values()))
    for name in one.learned:
        assert torch.equal(one.average[name], other.average[name])
        kept, again = (each.optimiser.state[each.learned[name]] for each in (one, other))
        assert torch.equal(kept["exp_avg_sq"], again["exp_avg_sq"]) and float(again["step"]) == 1
    # HWIO, and a depthwise filter as [H,W,C,1].
    assert learn.to_engine(torch.zeros(8, 4, 3, 5)).shape == (3, 5, 4, 8)
    assert learn.to_engine(torch.zeros(8, 1, 3, 5)).shape == (3, 5, 8, 1)


def test_a_gradient_that_is_not_finite_moves_nothing():
    one = learn.Learning(model.FCOS(config()), options(), torch.device("cpu"))
    before = {name: each.clone() for name, each in one.network.state_dict().items()}
    one.begin(0, 1)
    (sum(part.sum() for part in one.network(torch.rand(1, 3, 64, 64))) * math.nan).backward()
    assert not math.isfinite(one.step(0))
    assert all(torch.equal(before[name], each) for name, each in one.network.state_dict().items())


def test_what_is_not_known_is_refused_by_name():
    def refuses(word, changes={}, **chosen):
        with pytest.raises(files.JobError, match=word):
            changed = config(**changes)
            model.FCOS(changed)
            train.require_rules(changed, options(**chosen))

    train.require_rules(config(), options())
    refuses("retinanet", {"detector": "retinanet"})
    refuses("assignment.masks", {"assignment": {**RULES, "masks": {}}})
    refuses("BatchNorm", {"head": {**config()["head"], "norm": "batch"}})
    refuses("head.news", {"head": {**config()["head"], "news": 1}})
    refuses("loss.news", {"loss": {**config()["loss"], "news": 1}})
    refuses("setting news", {"news": 1})
    refuses("setting news", news=1)
    refuses("augment.news", augment={**data.NO_AUGMENTATION, "news": 1})


def test_packages_that_are_too_old_are_told():
    for version, least in [("2.13.0+cpu", (2, 6)), ("2.6.0", (2, 6)), ("3.0", (2, 6))]:
        files.require_version("torch", version, least)
    for version in ("1.13.1", "2.5.1+cu121"):
        with pytest.raises(files.JobError, match=f"torch {version[:3]}") as old:
            files.require_version("torch", version, (2, 6))
        assert old.value.code == "RUNTIME_TORCH"


def test_centerness_branches_learn_what_is_asked_of_them():
    boxes = torch.tensor([[4.0, 4, 28, 28]])
    label, ltrb = (each[None] for each in loss.targets_of(boxes, torch.tensor([0]), RULES, 64, 64))
    shape = label.shape[1]
    # 8, 8, 16, 16 at location 9: half the box is found, so that its IoU is a half.
    found = (ltrb * torch.tensor([1.0, 1, 1, 0.25])).requires_grad_()
    assert loss._ious(found[0, 9:10], ltrb[0, 9:10]).item() == pytest.approx(12 / 24)
    outputs = torch.zeros(1, shape, 2), found, torch.zeros(1, shape)
    rules = config(loss={**config()["loss"], "quality": "iou", "boxWeight": "none", "focalAlpha": 0})
    _, figures = loss.losses(outputs, label, ltrb, rules, lambda count: count)
    # Of a logit of 0, whatever is to be learnt costs ln 2.
    assert figures["centerness"] == pytest.approx(math.log(2))
    ious = loss._ious(found[label != loss.BACKGROUND].detach(), ltrb[label != loss.BACKGROUND])
    assert figures["floor"] == pytest.approx(float(-(torch.xlogy(ious, ious) + torch.xlogy(1 - ious, 1 - ious)).mean()))


def test_frozen_batch_norms_take_the_model_s_epsilon():
    one, other = (model.FCOS(config(architecture="r50", **more)) for more in ({}, {"batchNormEpsilon": 0}))
    norms = [{each.epsilon for each in network.modules() if isinstance(each, model.FrozenBatchNorm)} for network in (one, other)]
    assert norms == [{1e-5}, {0}]


def test_a_part_that_was_cut_off_is_gone_on_with(tmp_path):
    names = ["a.jpg", "ä b.jpg", "c.jpg", "d.jpg"]
    lines = [json.dumps({"id": number, "fileName": name, "path": name}) + "\n" for number, name in enumerate(names, 1)]
    (tmp_path / "images.jsonl").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "parts").mkdir()
    record = {"head": {"model": "x"}, "shards": [{"at": 0, "count": 1}, {"at": len(lines[0].encode()), "count": 3}]}
    asked = []

    def find(image):
        asked.append(image["fileName"])
        if image["fileName"] == "c.jpg":
            raise files.JobError("DATA_IMAGE_BROKEN", "c.jpg: broken")
        return {"detections": [], "cut": False}, 4, 3

    ray_detect.detect_shard(str(tmp_path), record, 1, find)
    part = tmp_path / "parts" / "part-00002.jsonl"
    whole = part.read_bytes()
    assert asked == names[1:] and whole.count(b"\n") == 4 and b"DATA_IMAGE_BROKEN" in whole
    for kept, again in [(whole, []), (whole[:-3], ["d.jpg"]), (whole[:40], names[1:]), (b"", names[1:]), (b"another\n{}\n", names[1:])]:
        part.write_bytes(kept)
        asked.clear()
        ray_detect.detect_shard(str(tmp_path), record, 1, find)
        assert asked == again and part.read_bytes() == whole


def test_pictures_are_read_as_the_studio_reads_them(tmp_path):
    def kept(name, image, **more):
        image.save(tmp_path / name, **more)
        return str(tmp_path / name)

    grey = kept("16.png", Image.fromarray(np.full((2, 3), 0x1234, np.uint16)))
    assert data.read_image(grey).shape == (2, 3, 3) and data.read_image(grey)[0, 0].tolist() == [0x12] * 3
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = kept("turned.jpg", Image.new("RGB", (30, 20)), exif=exif)
    assert data.read_image(turned).shape == (30, 20, 3)
    with pytest.raises(files.JobError, match="EXIF") as wrong:
        data.read_labelled(turned, 30, 20)
    assert wrong.value.code == "DATA_IMAGE_SIZE"
    whole = kept("whole.jpg", Image.effect_noise((90, 90), 90).convert("RGB"))
    with open(whole, "rb") as file:
        half = file.read()[:1500]
    (tmp_path / "half.jpg").write_bytes(half)
    (tmp_path / "text.jpg").write_text("no picture")
    for name, code in [("half.jpg", "DATA_IMAGE_BROKEN"), ("text.jpg", "DATA_IMAGE_FORMAT"), ("none.jpg", "DATA_IMAGE_UNREADABLE")]:
        with pytest.raises(files.JobError) as failed:
            data.read_image(str(tmp_path / name))
        assert failed.value.code == code and name in failed.value.message


def test_an_unusable_image_is_replaced_by_the_next(tmp_path):
    Image.new("RGB", (8, 8), "white").save(tmp_path / "b.png")
    samples = [(name, 8, 8, np.zeros((0, 4)), []) for name in ("a.png", "b.png")]
    images = data.Images(samples, str(tmp_path))
    assert images.find(0)[0] == 1 and images.met_bad == [0]
    with pytest.raises(files.JobError, match="None of the 1"):
        data.Images(samples[:1], str(tmp_path)).find(0)


def test_a_log_is_cut_back_to_the_step_that_comes_again(tmp_path):
    path = str(tmp_path / "log.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"step":0}\n{"step":1}\n{"step":2}\n{"st')
    log = files.LinesFile(path, 2)
    log.append({"step": 2, "loss": math.nan})
    log.close()
    with open(path, encoding="utf-8") as file:
        assert [json.loads(line) for line in file] == [{"step": 0}, {"step": 1}, {"step": 2, "loss": None}]


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "kept.json"
    files.write_json(str(path), {"good": 1})

    def fails(partial):
        with open(partial, "w", encoding="utf-8") as file:
            file.write("half")
        raise OSError(28, "No space left on device", partial)

    with pytest.raises(OSError) as full:
        files.replace(str(path), fails)
    assert json.loads(path.read_text()) == {"good": 1} and os.listdir(tmp_path) == ["kept.json"]
    told = files.as_job_error(full.value, "The state of step 4 is kept")
    assert told.code == "IO_DISK_FULL" and "step 4" in told.remedy


def test_what_the_system_answered_to_safetensors_is_told_as_such(tmp_path):
    with pytest.raises(FileNotFoundError) as missing:
        files.replace(str(tmp_path / "none" / "a.safetensors"), lambda partial: save_file({"a": torch.zeros(9)}, partial))
    assert files.as_job_error(missing.value, "").code == "IO_FILE"

    def full(_):
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    with pytest.raises(OSError) as error:
        files.replace(str(tmp_path / "state.safetensors"), full)
    told = files.as_job_error(error.value, "The state of step 4 is kept")
    assert told.code == "IO_DISK_FULL" and "state.safetensors" in told.message and "step 4" in told.remedy


def test_nms_is_class_wise_and_equal_scores_keep_their_order():
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 10, 9], [50, 50, 60, 60]], np.float32)
    scores = np.array([0.5, 0.5, 0.9, 0.1], np.float32)
    assert detect.nms(boxes, scores, np.array([0, 1, 0, 0]), 0.6, 100) == [2, 1, 3]


def test_metrics_where_nothing_was_found():
    image = {"id": 1, "width": 10, "height": 10, "boxes": [1, 1, 5, 5], "categories": [7], "areas": [16]}
    measured = detect.coco_metrics({"categories": [{"id": 7, "name": "cat"}]}, [image], [])
    assert measured["stats"][0] == 0 and measured["perCategory"][0]["ap"] == 0
    found = [[1, 7, 1, 1, 5, 5, 0.9]]
    assert detect.coco_metrics({"categories": [{"id": 7, "name": "cat"}]}, [image], found)["stats"][0] == pytest.approx(1)
