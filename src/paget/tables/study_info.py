"""What the tables must know of a study that the patients' rows do not say: names, calendar, schedule."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from paget.errors import PagetError, unknown
from paget.units import DAYS_PER_MONTH


@dataclass(frozen=True)
class StudyInfo:
    """Names and calendar of one study.

    Parameters
    ----------
    study_id : str
        Identifier written as ``STUDYID``.
    arms : list of (str, str)
        Arm id and label, in the protocol's order.
    data_cut_month : float
        Data cut on the trial calendar, months from first patient in.
    control, experimental : str
        Ids of the two arms that are compared.
    start_date : date
        Calendar date of first patient in.
    surgery_arms : tuple of str, optional
        Arms whose strategy contains planned surgery of the primary; the experimental arm by default.
    surgery_window_days : float, optional
        Days from randomisation within which planned surgery counts as given per protocol; no limit by
        default.
    horizon_months : float, optional
        Months from diagnosis at which simulated lives stop; patients still alive are censored there.
    visit_days : tuple of float, optional
        Planned assessments, days from randomisation. Used only where single visits were not kept, to find the
        last assessment before the data cut.
    endpoints : tuple of str, optional
        Codes of further endpoints that the tables hold (docs/protocols.md); none by default.
    regimen_arms : tuple of str, optional
        Arms that name a first regimen: its end before its course is over is a failure of treatment.
    local_places : tuple of str, optional
        Places that the study's local treatments treat. Where there are any, responses are those of the lesions seen there at
        baseline.
    lesion_limits_cm : tuple of float, optional
        Limits between size classes of treated lesions.
    response_days, benefit_days : float, optional
        By when the response of lesions is judged; for how long stable disease is a clinical benefit.

    Raises
    ------
    PagetError
        If an arm is named that is not among `arms`, or the data cut is not after the start.
    """

    study_id: str
    arms: list[tuple[str, str]]
    data_cut_month: float
    control: str
    experimental: str
    start_date: date
    surgery_arms: tuple[str, ...] | None = None
    surgery_window_days: float | None = None
    horizon_months: float | None = None
    visit_days: tuple[float, ...] = ()
    endpoints: tuple[str, ...] = ()
    regimen_arms: tuple[str, ...] = ()
    local_places: tuple[str, ...] = ()
    lesion_limits_cm: tuple[float, ...] = ()
    response_days: float = 84.0
    benefit_days: float | None = None

    def __post_init__(self) -> None:
        ids = [arm for arm, _ in self.arms]
        for name in (self.control, self.experimental, *(self.surgery_arms or ())):
            if name not in ids:
                raise unknown("arm", name, ids, where=self.study_id)
        if not self.data_cut_month > 0:
            raise PagetError(
                "the data cut must come after the first patient in",
                where=self.study_id,
                key="data_cut_month",
                got=self.data_cut_month,
                expected="months > 0",
            )

    @property
    def labels(self) -> dict[str, str]:
        """Label of each arm by its id."""
        return dict(self.arms)

    @property
    def numbers(self) -> dict[str, int]:
        """Number of each arm by its id: 1 for the first arm of the protocol."""
        return {arm: i + 1 for i, (arm, _) in enumerate(self.arms)}

    @property
    def operated(self) -> tuple[str, ...]:
        """Arms with planned surgery of the primary."""
        return self.surgery_arms if self.surgery_arms is not None else (self.experimental,)

    @property
    def cut_date(self) -> date:
        """Calendar date of the data cut."""
        return self.start_date + timedelta(days=int(self.data_cut_month * DAYS_PER_MONTH))
