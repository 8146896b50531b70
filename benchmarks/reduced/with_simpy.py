"""The reduced model as one writes it in SimPy: a process for each lesion, one for the patient, one environment a patient.

Lesions move every 28 days; the patient's process looks at them a moment later, so that it sees all of them at the same time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from benchmarks.reduced.model import (
    ALPHA,
    BACKGROUND_PER_DAY,
    CAPACITY,
    DETECTION_EXPONENT,
    DETECTION_PER_DAY,
    FOUNDING,
    LETHAL_CM3,
    LETHAL_EXPONENT,
    LETHAL_PER_DAY,
    LOG_1CM3,
    LOG_K,
    METASTASIS_RATIO,
    METASTASIS_SPEED,
    MUTATION,
    ORGAN_CUT,
    PROGRESSION,
    RATE,
    SD_FOUNDING,
    SD_LESION,
    SD_RATE,
    SEEN_CELLS,
    STEP,
    STEPS,
    SURVIVE_RESISTANT,
    SURVIVE_SENSITIVE,
    Result,
)

Process = Generator[Any, Any, None]


class Patient:
    """One patient with her own clock."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.env = rng, simpy.Environment()
        self.rate = RATE * math.exp(SD_RATE * rng.gauss(0, 1))
        self.scale = STEP * FOUNDING * math.exp(SD_FOUNDING * rng.gauss(0, 1))
        self.line, self.founded, self.lesion_steps = 0, 0, 0
        self.found_step, self.death_step = -1, STEPS
        self.lesions: dict[int, Lesion] = {}
        self.labels = 0
        self.add(-1, self.rate, self.scale)
        self.env.run(until=self.env.process(self.course()))

    def add(self, organ: int, rate: float, scale: float) -> None:
        """A new lesion with a process of its own."""
        if len(self.lesions) < CAPACITY:
            self.labels += 1
            lesion = Lesion(self, self.labels, organ, rate, scale)
            self.lesions[self.labels] = lesion
            self.env.process(lesion.live())

    def course(self) -> Process:
        """Detection, lines of therapy and death."""
        nadir = math.inf
        yield self.env.timeout(0.001)
        for step in range(1, STEPS + 1):
            yield self.env.timeout(STEP)
            burden, largest = [0.0] * 4, 0.0
            for lesion in self.lesions.values():
                if lesion.organ >= 0:
                    burden[lesion.organ] += lesion.cells * 1e-9
                    largest = max(largest, lesion.cells)
            hazard = BACKGROUND_PER_DAY
            for volume, lethal in zip(burden, LETHAL_CM3, strict=True):
                if volume > 1e-3:
                    hazard += LETHAL_PER_DAY * (volume / lethal) ** LETHAL_EXPONENT
            if self.rng.random() < -math.expm1(-hazard * STEP):
                self.death_step = step
                return
            volume = sum(burden)
            if self.found_step < 0 and largest >= SEEN_CELLS:
                self.found_step, self.line, nadir = step, 1, volume
            elif self.line in (1, 2):
                if volume >= PROGRESSION * nadir:
                    self.line, nadir = self.line + 1, volume
                nadir = min(nadir, volume)


class Lesion:
    """One lesion: grows, is killed, mutates, founds others."""

    def __init__(self, patient: Patient, label: int, organ: int, rate: float, scale: float) -> None:
        self.patient, self.label, self.organ = patient, label, organ
        self.births, self.scale = rate * STEP, scale
        self.x, self.rho, self.cells = 0.0, 0.0, 0.0

    def live(self) -> Process:
        """A step every 28 days until it is gone."""
        patient, rng = self.patient, self.patient.rng
        decay = math.exp(-self.births)
        while True:
            yield patient.env.timeout(STEP)
            patient.lesion_steps += 1
            self.x = LOG_K + (self.x - LOG_K) * decay
            line = patient.line
            if line in (1, 2):
                alive = (1 - self.rho) * SURVIVE_SENSITIVE[line] + self.rho * SURVIVE_RESISTANT[line]
                self.x += math.log(alive)
                self.rho *= SURVIVE_RESISTANT[line] / alive
                if self.x <= 0:
                    break
            self.cells = math.exp(self.x)
            if self.rho == 0:
                chance = -math.expm1(-MUTATION * self.births * (LOG_K - self.x) * self.cells)
                if rng.random() < chance:
                    self.rho = min(1.0, 1 / self.cells)
            reached = rng.expovariate(1.0)
            intensity = self.scale * math.exp(ALPHA * (self.x - LOG_1CM3))
            while reached <= intensity:
                patient.founded += 1
                u = rng.random()
                rate = METASTASIS_SPEED * patient.rate * math.exp(SD_LESION * rng.gauss(0, 1))
                patient.add(sum(u >= cut for cut in ORGAN_CUT), rate, METASTASIS_RATIO * patient.scale)
                reached += rng.expovariate(1.0)
            if self.organ < 0:
                hazard = STEP * DETECTION_PER_DAY * math.exp(DETECTION_EXPONENT * (self.x - LOG_1CM3))
                if rng.random() < -math.expm1(-hazard):
                    break
        del patient.lesions[self.label]


def run(patients: int, seed: int = 1) -> Result:
    """Live ``patients`` patients."""
    rng = random.Random(seed)
    rows = [
        (life.death_step, life.found_step, life.founded, life.lesion_steps) for life in (Patient(rng) for _ in range(patients))
    ]
    return Result(*np.array(rows, np.int64).T)
