"""RECIST 1.1 as a table of cases, and what resection of the primary does to the clinic's books."""

import numpy as np
import pytest

from paget._jit import jit
from paget.biology.layout import (
    BONE,
    BRAIN,
    BREAST,
    DISTANT_NODES,
    LESION,
    LIVER,
    LUNG,
    NON_TARGET,
    REGIONAL_NODES,
    SKIN,
    TARGET,
    UNSEEN,
    VASCULAR,
    log_cells,
)
from paget.biology.patient import PATIENT
from paget.clinic.recist import (
    grown,
    local_progression,
    look,
    respond,
    set_baseline,
    sum_up,
    visible_extent,
)
from paget.clinic.state import CLINIC, RESPONSES
from paget.life.simulate import LifePlan
from paget.life.state import OUTCOME

ALL, DISTANT = 0, 1
PLAIN = LifePlan("2012").plan_record()


@jit
def _look(who, store, visit, plan, p):
    return look(np.uint64(1), who[0], store, visit, plan[0], p[0])


@jit
def _baseline(who, store, clinic):
    set_baseline(who[0], store, clinic[0])


@jit
def _visit(who, store, clinic, k, new):
    sum_up(who[0], store, clinic[0])
    return respond(clinic[0], k, new)


@jit
def _local(clinic, new):
    return local_progression(clinic[0], new)


@jit
def _extent(who, store, out):
    visible_extent(who[0], store, out[0])


class Scene:
    """A patient of which every lesion has the diameter we say (cm), and a clinic that measures without error."""

    def __init__(self, point, lesions, error=0.0):
        self.record = point.with_switches({"measurement_error": error}).record
        self.cells = point["cells_per_cm3"]
        self.who, self.clinic = np.zeros(1, PATIENT), np.zeros(1, CLINIC)
        self.store = np.zeros(20, LESION)
        self.visits = 0
        for place, cm in lesions:
            self.add(place, cm)
        self.new = _look(self.who, self.store, 0, PLAIN, self.record)
        _baseline(self.who, self.store, self.clinic)

    def add(self, place, cm):
        i = int(self.who["n"][0])
        self.who["n"] += 1
        lesion = self.store[i]
        lesion["key"], lesion["place"], lesion["mult"], lesion["state"] = i + 100, place, 1.0, VASCULAR
        lesion["limit"], lesion["role"] = 0.4, UNSEEN
        self.size(i, cm)

    def size(self, i, cm):
        self.store[i]["x"] = log_cells(cm, self.cells) if cm > 0 else 1.0

    def visit(self, sizes=(), sums=ALL):
        """Set sizes, look, respond; target, non-target and overall response by name."""
        for i, cm in enumerate(sizes):
            self.size(i, cm)
        self.visits += 1
        distant, local = self.new = _look(self.who, self.store, self.visits, PLAIN, self.record)
        got = _visit(self.who, self.store, self.clinic, sums, distant + (local if sums == ALL else 0))
        return tuple(RESPONSES[code] for code in got)

    @property
    def roles(self):
        return self.store["role"][: self.who["n"][0]].tolist()



CASES = {
    # name: (baseline lesions, sizes at later visits, response of the last visit as target, non-target, overall)
    "all gone": ([(LIVER, 3.0)], [[0.0]], "CR NA CR"),
    "shrunk by 31 %": ([(LIVER, 3.0)], [[2.07]], "PR NA PR"),
    "shrunk by 29 %": ([(LIVER, 3.0)], [[2.13]], "SD NA SD"),
    "grown by 19 %": ([(LIVER, 3.0)], [[3.57]], "SD NA SD"),
    "grown by 21 % and 6 mm": ([(LIVER, 3.0)], [[3.63]], "PD NA PD"),
    "grown by 40 % but 4.8 mm": ([(LIVER, 1.2)], [[1.68]], "SD NA SD"),
    "grown by 6 mm but 15 %": ([(LIVER, 4.0)], [[4.6]], "SD NA SD"),
    "grown over the nadir, below the baseline": ([(LIVER, 3.0)], [[1.0], [1.6]], "PD NA PD"),
    "back near the nadir": ([(LIVER, 3.0)], [[1.5], [1.9]], "PR NA PR"),
    "sum over two organs": ([(LIVER, 2.0), (LUNG, 2.0)], [[1.0, 1.7]], "PR NA PR"),
    "one grows, one shrinks": ([(LIVER, 2.0), (LUNG, 2.0)], [[3.0, 0.9]], "SD NA SD"),
    "targets gone, bone stays": ([(LIVER, 2.0), (BONE, 3.0)], [[0.0, 3.0]], "CR NON-CR/NON-PD PR"),
    "targets gone, bone gone": ([(LIVER, 2.0), (BONE, 3.0)], [[0.0, 0.0]], "CR CR CR"),
    "targets shrink, bone grows far": ([(LIVER, 2.0), (BONE, 3.0)], [[1.0, 4.6]], "PR PD PD"),
    "bone alone stays": ([(BONE, 3.0)], [[3.3]], "NA NON-CR/NON-PD NON-CR/NON-PD"),
    "bone alone grows by 40 %": ([(BONE, 3.0)], [[4.2]], "NA NON-CR/NON-PD NON-CR/NON-PD"),
    "bone alone grows by 55 %": ([(BONE, 3.0)], [[4.65]], "NA PD PD"),
    "bone alone goes": ([(BONE, 3.0)], [[0.0]], "NA CR CR"),
    "bone alone stays away": ([(BONE, 3.0)], [[0.0], [0.0]], "NA CR CR"),
    "targets and bone stay away": ([(LIVER, 2.0), (BONE, 3.0)], [[0.0, 0.0], [0.0, 0.0]], "CR CR CR"),
    "small liver lesion is no target": ([(LIVER, 0.9)], [[0.9]], "NA NON-CR/NON-PD NON-CR/NON-PD"),
    "node of 14 mm is no target": ([(DISTANT_NODES, 1.4)], [[1.4]], "NA NON-CR/NON-PD NON-CR/NON-PD"),
    "node of 16 mm is a target": ([(DISTANT_NODES, 1.6)], [[1.0]], "PR NA PR"),
    "primary and bone": ([(BREAST, 4.0), (BONE, 3.0)], [[2.5, 3.0]], "PR NON-CR/NON-PD PR"),
}


@pytest.mark.parametrize("name", CASES)
def test_response_follows_the_rules(point, name):
    """Target, non-target and overall response of the last visit are those of RECIST 1.1 for the case."""
    lesions, visits, expected = CASES[name]
    scene = Scene(point, lesions)
    for sizes in visits:
        got = scene.visit(sizes)
    assert got == tuple(expected.split())


def test_new_lesion_is_progression_whatever_shrinks(point):
    """A lesion not seen before makes progression, though the targets have responded; once booked it is not new again."""
    scene = Scene(point, [(LIVER, 3.0)])
    scene.add(LUNG, 0.8)
    assert scene.visit([1.0]) == ("PR", "NA", "PD")
    assert scene.new == (1, 0)
    _baseline(scene.who, scene.store, scene.clinic)
    scene.visit()
    assert scene.new == (0, 0)


def test_lesion_below_its_limit_is_not_new_until_it_shows(point):
    """A colony smaller than its detection limit changes nothing; a known lesion is followed below that limit."""
    scene = Scene(point, [(LIVER, 3.0)])
    scene.add(LUNG, 0.38)
    assert scene.visit([3.0])[2] == "SD"
    assert scene.new == (0, 0)
    assert scene.visit([0.25])[0] == "PR"  # 0.25 cm is under the limit of 0.4, over half of it
    assert scene.visit([0.15])[0] == "CR"


def test_at_most_five_targets_two_of_an_organ_the_largest(point):
    """Of many measurable lesions the five largest become targets, no more than two in an organ; bone never."""
    lesions = [
        (LUNG, 1.5), (LUNG, 3.0), (LUNG, 2.0), (LUNG, 1.1), (LIVER, 2.5), (LIVER, 2.4), (LIVER, 2.6), (BRAIN, 1.2), (SKIN, 1.3),
        (BONE, 9.0),
    ]  # fmt: skip
    scene = Scene(point, lesions)
    targets = [i for i, role in enumerate(scene.roles) if role == TARGET]
    assert targets == [1, 2, 4, 6, 8]
    assert scene.roles.count(NON_TARGET) == 5
    assert scene.clinic["sum"][0, ALL] == pytest.approx(3.0 + 2.0 + 2.5 + 2.6 + 1.3)
    assert scene.clinic["other_sum"][0, ALL] == pytest.approx(1.5 + 1.1 + 2.4 + 1.2 + 9.0)


def test_threshold_of_progression_needs_both_growth_and_millimetres():
    """Progression of a sum needs 20 % and 5 mm over the nadir, both."""
    assert grown(12.0, 10.0) and not grown(11.9, 10.0)
    assert grown(1.5, 1.0) and not grown(1.49, 1.0)
    assert not grown(2.4, 2.0) and not grown(2.55, 2.2) and grown(2.7, 2.2)


@pytest.mark.parametrize("distant", [[(LIVER, 2.0)], [(LIVER, 2.0), (LUNG, 1.5), (BONE, 2.0)], [(BONE, 2.0)], []])
def test_distant_sums_do_not_know_of_the_primary(point, distant):
    """Sum, baseline and nadir of distant disease are the same with and without a primary and nodes, at every visit."""
    with_primary = Scene(point, [*distant, (BREAST, 6.0), (REGIONAL_NODES, 2.0)])
    without = Scene(point, distant)
    for factor in (1.0, 0.5, 0.7, 1.4):
        sizes = [cm * factor for _, cm in distant]
        one, other = with_primary.visit(sizes, DISTANT), without.visit(sizes, DISTANT)
        assert one == other
        for name in ("sum", "baseline", "nadir", "other_sum", "other_nadir", "targets", "non_targets"):
            assert with_primary.clinic[name][0, DISTANT] == without.clinic[name][0, DISTANT]


def test_resection_makes_no_false_progression_and_no_false_response(point):
    """With the primary taken out, stable distant disease is stable; on the sum with it, it would be a response."""
    lesions = [(LIVER, 2.0), (BREAST, 6.0)]
    scene, naive = Scene(point, lesions), Scene(point, lesions)
    for one in (scene, naive):
        one.visit([1.9, 6.0], DISTANT)
        one.store["mult"][1] = 0.0  # resected
    assert [scene.visit([2.0], DISTANT)[2], scene.visit([2.1], DISTANT)[2]] == ["SD", "SD"]
    assert naive.visit([2.0], ALL)[2] == "PR"
    assert scene.visit([2.5], DISTANT)[2] == "PD"  # against its own nadir of 1.9


def test_locoregional_progression_is_of_breast_and_nodes_alone(point):
    """Local disease progresses by its own sum or by a new lesion there, whatever distant disease does."""
    scene = Scene(point, [(LIVER, 2.0), (BREAST, 3.0)])
    scene.visit([9.0, 3.0])
    assert not _local(scene.clinic, 0)
    scene.visit([1.0, 3.7])
    assert _local(scene.clinic, 0)
    assert _local(scene.clinic, 1)
    scene = Scene(point, [(LIVER, 2.0), (BREAST, 3.0)])
    scene.visit([2.0, 1.0])
    assert not _local(scene.clinic, 0)
    scene.visit([2.0, 1.6])  # over its nadir of 1 cm
    assert _local(scene.clinic, 0)


def test_measurement_error_is_unbiased_in_logs_and_of_its_size(point):
    """Measured diameters scatter by the stated log error around the truth, anew at every visit."""
    scene = Scene(point, [(LIVER, 3.0), (LUNG, 2.0)], error=1.0)
    logs = []
    for _ in range(400):
        scene.visit()
        logs.append(np.log(scene.store["seen"][:2] / [3.0, 2.0]))
    logs = np.array(logs)
    sd = point["measurement_sd_log"]
    assert np.all(np.abs(logs.mean(axis=0)) < 4 * sd / 20)
    np.testing.assert_allclose(logs.std(axis=0), sd, rtol=0.15)
    assert abs(np.corrcoef(logs.T)[0, 1]) < 0.2


def test_extent_counts_what_shows(point):
    """Lesions and organs are counted from what imaging shows: not the breast, not what lies below its limit."""
    scene = Scene(point, [(LIVER, 2.0), (LIVER, 1.0), (BONE, 3.0), (BREAST, 5.0), (LUNG, 0.2)])
    scene.store["mult"][1] = 3.0
    out = np.zeros(1, OUTCOME)
    _extent(scene.who, scene.store, out)
    assert (out["n_metastases"][0], out["n_sites"][0]) == (5, 2)
    assert out["site"][0].tolist() == [1, 1, 0, 0, 0, 0]
