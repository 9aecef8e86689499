"""What names tell: their words, a unit in them, the subset of data they speak of, which way is better. Pure."""

from __future__ import annotations

import re
from itertools import pairwise


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


MOST_CATEGORIES = 10
"""More texts than these colours do not tell apart."""

STEPS = _set("""
    step steps iter iters iteration iterations itr epoch epochs batch episode episodes timestep timesteps update updates
    generation generations round rounds tick ticks
""")
REPEATS = _set("seed seeds fold folds replicate replicates repeat repeats rep replica")
TIMES = _set("time wall walltime timestamp datetime date elapsed clock seconds secs hours minutes")
DURATION_OF = _set("""
    step fit train training eval test score forward backward epoch batch load data update compute per infer avg mean
    inference cpu gpu latency duration
""")
IDS = _set(
    "id ids uuid guid run model commit hash sha hostname host pid checkpoint name filename path"
)
REMARKS = _set("comment comments note notes description remark remarks message text")
COUNTS = _set("count counts n num support size")
UNCERTAINTIES = _set(
    "std stdev stddev stderr sem se ci err error uncertainty sigma lo hi low high lower upper"
)
AVERAGES = _set("mean avg average median value")
CATEGORIES = _set("""
    state type status label labels cluster phase class kind group species sex stage split subset island category env
    condition treatment arm mode cycle level
""")
COORDINATES = _set("""
    x t freq frequency dose wavelength distance position angle concentration lag latitude longitude lat lon radius
    day days
""")
PARAMS = _set("""
    lr eta eta0 momentum dropout alpha beta gamma lambda optimizer optim activation criterion kernel penalty solver
    layers hidden width units heads
""")
PARAM_PAIRS = _set("""
    learning_rate batch_size weight_decay hidden_size num_layers n_layers max_depth n_estimators img_size crop_pct
    n_neighbors max_iter clip_range ent_coef vf_coef gae_lambda n_steps buffer_size min_samples
""")
PARAM_PREFIXES = (
    "config/",
    "params/",
    "param/",
    "hparams/",
    "hyper/",
    "params_",
    "config.",
    "params.",
)
SYSTEM = _set("gpu cpu ram memory mem fps throughput utilization util disk network")
SCHEDULES = _set("lr learning_rate momentum temperature epsilon clip beta entropy_coef")

SUBSETS = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev", "holdout"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("eval", "evaluation"), "eval"),
}
LOWER = _set("""
    loss losses err error errors mse rmse mae nll perplexity ppl cost regret wer cer fid divergence deviance brier
    logloss crossentropy latency
""")
HIGHER = _set("""
    acc accuracy reward rewards return returns score auc auroc f1 precision recall r2 iou miou map bleu rouge success
    win psnr ssim throughput top1 top5 likelihood fps
""")

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|\d+")
_BRACKETED = re.compile(r"(.*?)\s*[(\[]\s*([^()\[\]]{1,20}?)\s*[)\]]\s*\Z")
_PREFIX = "(?:[fpnuµmckMGT]|da|Ki|Mi|Gi)?"
_BASE = "(?:m|s|g|A|V|W|J|Hz|K|N|Pa|F|C|eV|bit|bits|B|mol|M|L|l|rad|bar|Ω|Ohm|T|Wh|Ah)"
_ONE = rf"(?:{_PREFIX}{_BASE}|%|‰|o/oo|°C|°F|°|deg|min|h|d|yr|px|nats?|sec|hrs?|days?|hours?|minutes?|seconds?|a\.u\.)"
_UNIT = re.compile(rf"{_ONE}(?:\^?-?\d)?(?:\s?[/·*]\s?{_ONE}(?:\^?-?\d)?){{0,2}}\Z")
_SPELLED = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minutes"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
}
_SUFFIXES = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **{word: word for word in ("ms", "us", "ns", "mm", "cm", "km", "kg", "mg", "px", "deg", "rad")},
    "hz": "Hz",
    "khz": "kHz",
    "mhz": "MHz",
    "ghz": "GHz",
    "mb": "MB",
    "gb": "GB",
    "mib": "MiB",
    "gib": "GiB",
    "percent": "%",
    "kelvin": "K",
    "celsius": "°C",
}
_TIMELIKE = frozenset(
    ("time", "duration", "elapsed", "wall", "t", "latency", "runtime", "walltime")
)


def words(name: str) -> tuple[str, ...]:
    """Give the words of a name in small letters: `trainLoss_v2` has train, loss, v, 2."""
    return tuple(word.lower() for word in _WORD.findall(name))


def pairs(name: str) -> frozenset[str]:
    """Give neighbouring words joined by `_`, to look up names of two words."""
    found = words(name)
    return frozenset(f"{a}_{b}" for a, b in pairwise(found))


def unit_in(name: str) -> tuple[str, str]:
    """Give a name without its unit, and the unit: `reward (m)`, `time/s`, `step_ms`; the unit is empty if none."""
    bracketed = _BRACKETED.match(name)
    if bracketed is not None and _UNIT.match(bracketed.group(2)):
        return bracketed.group(1) or name, _spelled(bracketed.group(2))
    base, slash, last = name.rpartition("/")
    if (
        slash
        and _UNIT.match(last)
        and last not in ("d", "M", "B", "C", "F", "T")
        and base.lower() not in SUBSETS
    ):
        return base, _spelled(last)
    found = words(name)
    if len(found) > 1 and found[-1] in _SUFFIXES and not _is_compound(found):
        return name, _SUFFIXES[found[-1]]
    if found[-1:] == ("g",) and {"mass", "weight"} & set(found):
        return name, "g"
    if len(found) > 1 and found[-1] in _SPELLED and _TIMELIKE & set(found[:-1]):
        return name, _SPELLED[found[-1]]
    if found in (("wall", "time"), ("walltime",)) or (
        len(found) == 1 and found[0] in ("seconds", "secs")
    ):
        return name, "s"
    return name, ""


def subset_of(name: str) -> tuple[str, str]:
    """Give the subset that a name begins or ends with, and the rest: `val/loss` and `loss_val` are of val, loss."""
    for pattern in (r"([A-Za-z]+)[/_.\- ]+(.+)\Z", r"(.+?)[/_.\- ]+([A-Za-z]+)\Z"):
        match = re.match(pattern, name)
        if match is None:
            continue
        one, other = match.groups()
        word, rest = (one, other) if pattern.startswith("([A-Za-z]+)") else (other, one)
        if word.lower() in SUBSETS:
            return SUBSETS[word.lower()], rest
    return "", name


def better_of(name: str) -> str:
    """Give "lower" or "higher" if the name says which way is better, else an empty text."""
    found = (
        set(words(name))
        | pairs(name)
        | {a + b for a, b in zip(words(name), words(name)[1:], strict=False)}
    )
    if found & LOWER:
        return "lower"
    return "higher" if found & HIGHER else ""


def is_schedule(name: str) -> bool:
    """Tell whether a name is of something that is set over time rather than measured, such as a learning rate."""
    return bool((set(words(name)) | pairs(name)) & SCHEDULES)


def is_system(name: str) -> bool:
    """Tell whether a name is of the machine rather than of the experiment."""
    return bool(set(words(name)) & SYSTEM)


def _spelled(unit: str) -> str:
    return _SPELLED.get(unit, unit)


def _is_compound(found: tuple[str, ...]) -> bool:
    """Tell whether the last word belongs to a rate such as `samples_per_sec`, whose unit it is not."""
    return "per" in found
