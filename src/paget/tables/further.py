"""Rows of ADTTE for endpoints that need visits, exposures or treated lesions, beside those of `paget.tables.times`.

Every definition stands here once; replicates and the trial itself use the same rows.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from paget.tables.observe import day, observe
from paget.tables.study_info import StudyInfo
from paget.tables.treated import Raw, index_responses, visits_of

SAME_DAY = 1e-6
FOUND_HOW = FOUND_AT_VISIT, FOUND_BY_SYMPTOM = "DISTANT RELAPSE FOUND AT A VISIT", "DISTANT RELAPSE FOUND BY SYMPTOM"
"""How a relapse was found: the event of DRFS."""
STOPPED_EARLY_DAYS = 1.0
"""A course that ends more than so many days before its planned end was stopped for toxicity."""


def further_events(patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    """Origin, day and coding of each further endpoint of each patient who has it.

    Returns
    -------
    polars.DataFrame
        ``_row``, ``code``, ``_origin``, ``_day`` (days from diagnosis), ``CNSR`` (0 event, 1 censored, 2 competing death),
        ``event`` and ``censored`` (descriptions).
    """
    subjects = observe(patients, study).with_columns(local_day=day("local_day"), treated_progression_day=day("treated_progression_day"))
    for name in ("local_day", "treated_progression_day"):
        subjects = subjects.with_columns(pl.when(pl.col(name) <= pl.col("_end")).then(pl.col(name)).alias(name))
    makers: dict[str, Callable[[pl.DataFrame, pl.DataFrame, StudyInfo, Raw], pl.DataFrame]] = {
        "TTP": _time_to_progression,
        "TTTF": _treatment_failure,
        "TTCT": _chemotherapy,
        "RSD": _duration_of_response,
        "LPFS": _local_progression_free,
        "TTLTP": _local_progression,
        "TTNL": _new_lesion,
        "TTLIVP": _liver_progression,
        "DRFS": _relapse_free,
        "SAR": _after_relapse,
    }
    parts = [makers[code](subjects, patients, study, raw).with_columns(code=pl.lit(code)) for code in study.endpoints if code in makers]
    columns = ["_row", "code", "_origin", "_day", "CNSR", "event", "censored"]
    schema = {
        "_row": pl.Int64, "code": pl.String, "_origin": pl.Float64, "_day": pl.Float64, "CNSR": pl.Int64, "event": pl.String,
        "censored": pl.String,
    }  # fmt: skip
    shaped = [part.select(columns).cast(schema) for part in parts]  # type: ignore[arg-type]
    return pl.concat(shaped) if shaped else pl.DataFrame(schema=schema)


def _coded(
    frame: pl.DataFrame, event_day: pl.Expr, words: pl.Expr | str, *, death: str, censor: str = "_last", origin: str = "_rand"
) -> pl.DataFrame:
    """Code one endpoint: the event, then what a death does (``event``, ``censored``, ``competes``), then censoring at ``censor``."""
    happened = event_day.is_not_null()
    dead = pl.col("_dead")
    after_death = {"event": 0, "censored": 1, "competes": 2}[death]
    last = pl.when(dead & (death != "censored")).then(pl.col("death_day")).otherwise(pl.col(censor))
    cnsr = pl.when(happened).then(0).when(dead & (death != "censored")).then(after_death).otherwise(1)
    text = pl.lit(words) if isinstance(words, str) else words
    return frame.with_columns(
        _origin=pl.col(origin),
        _day=pl.max_horizontal(pl.when(happened).then(event_day).otherwise(last), pl.col(origin)),
        CNSR=cnsr,
        event=pl.when(happened).then(text).when(dead & (death != "censored")).then(pl.lit("DEATH")).otherwise(pl.lit("")),
        censored=pl.when(cnsr == 1)
        .then(pl.lit("LAST EVALUABLE ASSESSMENT") if censor == "_last" else pl.lit("LAST KNOWN ALIVE: ") + pl.col("_reason"))
        .otherwise(pl.lit("")),
    )


def _time_to_progression(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    return _coded(subjects, pl.col("progression_day"), "PROGRESSION", death="censored")


def _treatment_failure(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    """The first of progression, death, and the end of the first regimen before its course was over."""
    over = pl.col("stop_day") + STOPPED_EARLY_DAYS < pl.col("start_day") + pl.col("planned_days").fill_null(float("inf"))
    stops = (
        raw.exposures.filter(pl.col("line") == 1)
        .with_columns(_early=over)
        .sort("stop_day")
        .group_by("patient_id", maintain_order=True)
        .agg(_stop=pl.col("stop_day").last(), _early=pl.col("_early").last())
    )
    frame = subjects.join(stops, on="patient_id", how="left", maintain_order="left")
    regimen = pl.col("arm").is_in(list(study.regimen_arms))
    given_up = regimen & pl.col("_stop").is_null()
    toxic = regimen & pl.col("_early") & (pl.col("_stop") < pl.col("_end") - SAME_DAY)
    stopped = pl.when(given_up).then(pl.col("_rand")).when(toxic).then(pl.max_horizontal("_stop", "_rand"))
    frame = frame.with_columns(_stopped=stopped)
    first = pl.min_horizontal("_stopped", "progression_day")
    words = (
        pl.when((pl.col("progression_day") <= pl.col("_stopped")).fill_null(value=pl.col("_stopped").is_null()))
        .then(pl.lit("PROGRESSION"))
        .otherwise(pl.lit("TREATMENT STOPPED"))
    )
    return _coded(frame, first, words, death="event")


def _chemotherapy(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    first = raw.exposures.filter("cytotoxic").group_by("patient_id").agg(_chemo=pl.col("start_day").min())
    frame = subjects.join(first, on="patient_id", how="left", maintain_order="left")
    seen = pl.when(pl.col("_chemo") <= pl.col("_end")).then(pl.max_horizontal("_chemo", "_rand"))
    return _coded(frame.with_columns(_chemo=seen), pl.col("_chemo"), "CHEMOTHERAPY", death="event", censor="_end")


def first_response(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    """Day of each responder's first response (``_row``, ``_responded``): by RECIST, or of the lesions treated locally."""
    if study.local_places:
        found = index_responses(raw, patients, study).filter(pl.col("response").is_in(["CR", "PR"]))
        return found.select("_row", _responded="judged_day")
    visits = visits_of(raw, subjects).filter(pl.col("_day") > pl.col("_rand") + SAME_DAY)
    progressed = subjects.select("patient_id", _pd=pl.col("progression_day"))
    return (
        visits.join(progressed, on="patient_id", how="left")
        .filter(pl.col("_ovr").is_in(["CR", "PR"]) & (pl.col("_pd").is_null() | (pl.col("_day") < pl.col("_pd"))))
        .group_by("_row", maintain_order=True)
        .agg(_responded=pl.col("_day").first())
    )


def _duration_of_response(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    frame = subjects.join(first_response(subjects, patients, study, raw), on="_row", how="inner", maintain_order="left")
    return _coded(frame, pl.col("progression_day"), "PROGRESSION", death="event", origin="_responded")


def _local_progression_free(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    frame = subjects.filter(pl.col("local_day").is_not_null())
    return _coded(frame, pl.col("treated_progression_day"), "LOCAL PROGRESSION", death="censored", origin="local_day")


def _local_progression(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    frame = subjects.filter(pl.col("local_day").is_not_null())
    return _coded(frame, pl.col("treated_progression_day"), "LOCAL PROGRESSION", death="competes", origin="local_day")


def _first_new(subjects: pl.DataFrame, raw: Raw, places: tuple[str, ...]) -> pl.DataFrame:
    """Day of the first new lesion after randomisation, in some places or (none given) anywhere."""
    new = raw.lesions.filter((pl.col("role") == "new") & (pl.col("organ").is_in(list(places)) if places else pl.lit(value=True)))
    return (
        new.select("patient_id", _day=day("day"))
        .join(subjects.select("patient_id", "_row", "_rand", "_end"), on="patient_id")
        .filter((pl.col("_day") > pl.col("_rand") + SAME_DAY) & (pl.col("_day") <= pl.col("_end")))
        .group_by("_row")
        .agg(_new=pl.col("_day").min())
    )


def _new_lesion(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    frame = subjects.join(_first_new(subjects, raw, study.local_places), on="_row", how="left", maintain_order="left")
    return _coded(frame, pl.col("_new"), "NEW LESION", death="competes")


def _liver_progression(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    """New liver lesion, growth of liver lesions that are never treated (20 % and 5 mm over the nadir), or local progression."""
    treated = raw.treated.select("patient_id", "lesion").unique()
    known = raw.lesions.filter((pl.col("organ") == "liver") & (pl.col("role") != "new"))
    window = subjects.select("patient_id", "_row", "_rand", "_end")
    sums = (
        visits_of(raw, subjects)
        .filter(pl.col("_day") >= pl.col("_rand") - SAME_DAY)
        .join(
            known.join(treated, on=["patient_id", "lesion"], how="anti")
            .group_by("patient_id", "visit")
            .agg(_sum=day("measured_cm").fill_null(0.0).sum()),
            on=["patient_id", "visit"],
        )
        .sort("_row", "_day")
        .with_columns(_nadir=pl.col("_sum").cum_min().shift(1).over("_row"))
        .filter((pl.col("_sum") >= 1.2 * pl.col("_nadir")) & (pl.col("_sum") >= pl.col("_nadir") + 0.5))
        .group_by("_row", maintain_order=True)
        .agg(_grown=pl.col("_day").first())
    )
    frame = subjects.join(sums, on="_row", how="left", maintain_order="left")
    frame = frame.join(_first_new(window, raw, ("liver",)), on="_row", how="left", maintain_order="left")
    first = pl.min_horizontal("_grown", "_new", "treated_progression_day" if "liver" in study.local_places else pl.lit(None))
    return _coded(frame.with_columns(_liver=first), pl.col("_liver"), "LIVER PROGRESSION", death="competes")


def _relapse_free(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    words = pl.when(pl.col("found_early")).then(pl.lit(FOUND_AT_VISIT)).otherwise(pl.lit(FOUND_BY_SYMPTOM))
    return _coded(subjects, pl.col("distant_progression_day"), words, death="event", censor="_end")


def _after_relapse(subjects: pl.DataFrame, patients: pl.DataFrame, study: StudyInfo, raw: Raw) -> pl.DataFrame:
    """From the day a relapse is found: what is found earlier is survived longer even if nobody dies a day later."""
    frame = subjects.filter(pl.col("distant_progression_day").is_not_null())
    return _coded(frame, pl.col("death_day"), "DEATH", death="event", censor="_end", origin="distant_progression_day")
