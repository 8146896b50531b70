"""Counter-based draws: published known answers, distributions, independence of the parts of a name."""

import numpy as np
import pytest
from scipy import stats

from paget._jit import jit
from paget.randomness import _to_unit, child, exponential, gamma, normal, philox, uniform, uniforms

N = 40_000
SEED = np.uint64(20_261)


def words(text):
    """Hexadecimal words to a tuple of integers."""
    return tuple(int(word, 16) for word in text.split())


@jit
def fill_uniforms(seed, patient, lineage, process, first, out):
    for k in range(out.shape[0]):
        out[k, 0], out[k, 1] = uniforms(seed, patient, lineage, process, first + k)


@jit
def fill_normals(seed, process, out):
    for k in range(out.shape[0]):
        out[k] = normal(seed, k, np.uint64(3), process, 5)


@jit
def fill_exponentials(seed, process, out):
    for k in range(out.shape[0]):
        out[k] = exponential(seed, k, np.uint64(3), process, 5)


@jit
def fill_gammas(seed, shape, out):
    for k in range(out.shape[0]):
        out[k] = gamma(seed, k, np.uint64(0), 1, 64, shape)


@jit
def fill_by_name(seeds, patients, lineages, processes, indices, out):
    for k in range(out.shape[0]):
        out[k] = uniform(seeds[k], patients[k], lineages[k], processes[k], indices[k])


@jit
def fill_children(parents, seeds_each, destinations, out):
    n = 0
    for i in range(parents.shape[0]):
        for nth in range(seeds_each):
            for destination in range(destinations):
                out[n] = child(parents[i], nth, destination)
                n += 1
    return n


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_its_published_known_answers(counter, key, answer):
    """Philox4x32-10 reproduces the three known answers published with Random123 (zeros, ones, digits of pi)."""
    got = philox(*(np.uint64(word) for word in words(counter) + words(key)))
    assert tuple(int(word) for word in got) == words(answer)


def test_uniforms_never_touch_zero_or_one():
    """The least and the greatest random bits give uniforms strictly inside (0, 1), so that logarithms are finite."""
    top = np.uint64(0xFFFFFFFF)
    assert 0.0 < _to_unit(np.uint64(0), np.uint64(0)) < 1e-15
    assert 1.0 - 1e-15 < _to_unit(top, top) < 1.0


def test_uniforms_are_uniform_and_the_pair_is_independent():
    """Both uniforms of a name pass Kolmogorov-Smirnov over names, and are uncorrelated with each other and with the next name."""
    out = np.empty((N, 2))
    fill_uniforms(SEED, 7, np.uint64(9), 3, 0, out)
    assert stats.kstest(out[:, 0], "uniform").pvalue > 1e-3
    assert stats.kstest(out[:, 1], "uniform").pvalue > 1e-3
    bound = 4 / np.sqrt(N)
    assert abs(np.corrcoef(out[:, 0], out[:, 1])[0, 1]) < bound
    assert abs(np.corrcoef(out[:-1, 0], out[1:, 0])[0, 1]) < bound


def test_normals_have_the_moments_and_shape_of_the_normal():
    """Normals pass Kolmogorov-Smirnov; mean, variance and fourth moment lie within four standard errors."""
    out = np.empty(N)
    fill_normals(SEED, 2, out)
    assert stats.kstest(out, "norm").pvalue > 1e-3
    assert abs(out.mean()) < 4 / np.sqrt(N)
    assert abs(out.var() - 1) < 4 * np.sqrt(2 / N)
    assert abs((out**4).mean() - 3) < 4 * np.sqrt(96 / N)


def test_exponentials_are_unit_exponentials():
    """Exponentials pass Kolmogorov-Smirnov and have mean and variance one within four standard errors."""
    out = np.empty(N)
    fill_exponentials(SEED, 2, out)
    assert stats.kstest(out, "expon").pvalue > 1e-3
    assert abs(out.mean() - 1) < 4 / np.sqrt(N)
    assert abs(out.var() - 1) < 4 * np.sqrt(8 / N)


@pytest.mark.parametrize("shape", [0.05, 0.25, 0.9, 1.0, 3.3, 40.0])
def test_gammas_have_their_shape(shape):
    """Gamma variates pass Kolmogorov-Smirnov below, at and above shape 1; mean and variance equal the shape."""
    out = np.empty(N)
    fill_gammas(SEED, shape, out)
    assert np.all(out >= 0)
    assert stats.kstest(out, "gamma", args=(shape,)).pvalue > 1e-3
    assert abs(out.mean() - shape) < 4 * np.sqrt(shape / N)
    assert abs(out.var() / shape - 1) < 4 * np.sqrt((2 + 6 / shape) / N)


@pytest.mark.parametrize("part", ["seed", "patient", "lineage", "process", "index"])
def test_each_part_of_a_name_makes_an_independent_draw(part):
    """Draws whose names differ in one part only are uniform and uncorrelated: every part of the key is used in full."""
    n = 20_000
    base = {"seed": 5, "patient": 8, "lineage": 77, "process": 4, "index": 9}
    counts = np.arange(n)
    columns = {name: np.full(n, value) for name, value in base.items()}
    if part == "process":  # eight bits
        columns["process"] = counts % 256
        columns["index"] = counts // 256
    elif part in ("seed", "lineage"):  # both halves of 64 bits matter
        half = n // 2
        columns[part] = np.concatenate([np.arange(half), np.arange(1, half + 1) << 32])
    else:
        columns[part] = counts
    out = np.empty(n)
    fill_by_name(
        columns["seed"].astype(np.uint64), columns["patient"], columns["lineage"].astype(np.uint64), columns["process"],
        columns["index"], out,
    )  # fmt: skip
    assert len(np.unique(out)) == n
    assert stats.kstest(out, "uniform").pvalue > 1e-3
    for lag in (1, 2, 256):
        assert abs(np.corrcoef(out[:-lag], out[lag:])[0, 1]) < 4 / np.sqrt(n)


def test_lineages_do_not_collide():
    """A million children and grandchildren of several parents have a million different keys."""
    out = np.empty(600_000, np.uint64)
    parents = np.array([1, 2, 3, 2**63, 2**64 - 1, 0x9E3779B97F4A7C15], np.uint64)
    n = fill_children(parents, 1_600, 62, out)
    grandchildren = np.empty(500_000, np.uint64)
    m = fill_children(out[:1_000].copy(), 50, 10, grandchildren)
    keys = np.concatenate([out[:n], grandchildren[:m], parents])
    assert len(keys) > 1_000_000
    assert len(np.unique(keys)) == len(keys)


def test_lineage_depends_on_parent_order_and_place():
    """Exchanging which seed it was and where it landed gives another key, as does another parent."""
    one = np.uint64(1)
    keys = {child(one, 2, 3), child(one, 3, 2), child(np.uint64(2), 2, 3), child(child(one, 0, 2), 0, 3), child(one, 0, 67)}
    assert len(keys) == 5
