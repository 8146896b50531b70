"""Assures the declared list of what is held out: apart from the targets, whole, and told when wrong."""

import pytest

from paget.calibration.rows import table
from paget.calibration.targets import declared_targets
from paget.errors import PagetError
from paget.evidence.heldout import HeldOutList, held_out
from paget.study import load_protocol
from paget.validation.rows import row_of, spec_of
from paget.validation.trials import figures, look


def test_no_target_is_held_out():
    """No study and no row is both a target and held out; of a study held out in part, no held-out row is a target."""
    kept = held_out().kept_out()
    targets = declared_targets().targets
    assert not kept & {target.id for target in targets}
    assert not kept & {target.evidence for target in targets}
    rows = {target.row.id for target in targets}
    assert not kept & rows


def test_what_must_be_held_out_is():
    """The trials of primary surgery, survival under CDK4/6 inhibitors, circulating cells and survival."""
    kept = held_out().kept_out()
    assert {"mf0701-5y", "mf0701-10y", "abcsg28", "e2108", "tata2015", "ctc-os"} <= kept
    survival = {row.id for row in table()[1] if row.evidence == "cdk46_table" and "OS" in str(row.find.get("endpoint"))}
    assert survival and survival <= kept
    assert "ai-os" not in held_out().under("point").kept_out()
    informed = held_out().under("informed").kept_out()
    assert {"mf0701-5y", "mf0701-10y", "abcsg28"} <= informed and not {"e2108", "tata2015"} & informed


def test_every_prediction_of_the_table_is_held_out_or_run_elsewhere():
    """A row with role prediction that a simulation here yields is on the list."""
    here = {row.id for row in table()[1] if row.role == "prediction" and row.see is None}
    assert here <= held_out().kept_out()


def test_every_entry_can_be_predicted():
    """Rows exist with role prediction and a likelihood; trials have published numbers."""
    for entry in held_out().entries:
        if entry.row is not None:
            assert row_of(entry).role == ("anchor" if entry.seen else "prediction")
            spec_of(entry)
        else:
            assert figures(look(load_protocol(entry.protocol), entry.cut), entry.id)


def test_an_earlier_look_is_cut_earlier():
    """The five-year look of MF07-01: its own data cut and only its figures."""
    whole = load_protocol("mf07-01")
    early = look(whole, "five-year")
    assert early.follow_up.data_cut_months < whole.follow_up.data_cut_months
    assert {entry.evidence for entry, _ in figures(early, None)} == {"mf0701-5y"}
    assert {entry.evidence for entry, _ in figures(whole, None)} == {"mf0701-10y"}
    with pytest.raises(PagetError, match="no such look"):
        look(whole, "six-year")


def test_the_hash_is_of_what_is_held_out():
    """Order of reasons and words do not matter to it, what is held out does."""
    whole = held_out()
    fewer = HeldOutList(whole.entries[1:])
    reworded = HeldOutList((whole.entries[0].model_copy(update={"reason": "another reason"}), *whole.entries[1:]))
    assert fewer.hash != whole.hash == reworded.hash


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("held_out: []", "not a list of what is held out"),
        ("held_out: [", "not valid YAML"),
        ("held_out:\n  - {id: e2108x, protocol: e2108, reason: trial of surgery}", "there is no study 'e2108x'"),
        ("held_out:\n  - {id: e2108, reason: trial of surgery}", "`row` or `protocol`"),
        ("held_out:\n  - {id: e2108, protocol: e2108, reasn: trial of surgery}", "reasn"),
        ("held_out:\n  - {id: e2108, row: x, reason: trial of surgery}", "likelihood"),
        ("held_out:\n  - {study: e2108, protocol: e2108, reason: trial of surgery}", "needs the `row`"),
        ("held_out:\n  - {id: e2108, protocol: e2108, under: [blnd], reason: trial of surgery}", "under"),
        (
            "held_out:\n  - {id: e2108, protocol: e2108, reason: trial of surgery}\n  - {id: e2108, protocol: e2108, reason: once more it}",
            "held out twice",
        ),
    ],
)
def test_mistakes_are_told(tmp_path, text, said):
    """One message with file and key."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PagetError, match=said) as error:
        held_out(path)
    assert "mine.yaml" in str(error.value)


def test_a_retracted_study_is_refused(tmp_path, monkeypatch):
    """Retracted studies are shown, never used: not to be predicted either."""
    from paget.evidence import load

    retracted = load().select(retracted=True)
    assert retracted
    path = tmp_path / "mine.yaml"
    path.write_text(f"held_out:\n  - {{id: {retracted[0].id}, protocol: e2108, reason: it was retracted}}\n", encoding="utf-8")
    with pytest.raises(PagetError, match="retracted"):
        held_out(path)
