"""The same estimators written out the long way, patient by patient, to hold the fast ones against."""

import numpy as np
import statsmodels.api as sm


def glm(y, x):
    """Fitted probabilities of statsmodels' logistic regression (x with its intercepts)."""
    return sm.GLM(y, x, family=sm.families.Binomial()).fit(tol=1e-14, maxiter=200).fittedvalues


def clone_censor_weight(data, grace, names):
    """Rows (patient, start, stop, event, arm, weight) of both arms, as in the R code of the benchmark."""
    t, e, s = data.months, data.event, data.starts
    x = np.column_stack([data.covariates[name] for name in names]) if names else np.empty((len(t), 0))
    rows, person = [], []
    for i in range(len(t)):
        censored = s[i] <= grace and s[i] < t[i]
        end = s[i] if censored else t[i]
        for k in range(int(grace)):
            if end > k:
                person.append((i, k, float(censored and k < end <= k + 1)))
    person = np.array(person)
    who, month, left = person[:, 0].astype(int), person[:, 1].astype(int), person[:, 2]
    dummies = (month[:, None] == np.arange(int(grace))[None, :]).astype(float)
    p = glm(left, np.column_stack([dummies, x[who]]))
    chance = {(i, k): q for i, k, q in zip(who, month, p, strict=True)}
    for i in range(len(t)):
        censored = s[i] <= grace and s[i] < t[i]
        end, died, weight = (s[i], False, 1.0) if censored else (t[i], e[i], 1.0)
        for k in range(int(grace) + 1):
            close = k + 1 if k < grace else np.inf
            if end > k:
                rows.append((i, k, min(end, close), died and end <= close, 0, weight))
            weight /= 1 - chance.get((i, k), 0.0)
    alive = np.flatnonzero(t > grace)
    operated = s[alive] <= grace
    q = glm(operated.astype(float), np.column_stack([np.ones(len(alive)), x[alive]]))
    for i in range(len(t)):
        rows.append((i, 0.0, min(t[i], grace), e[i] and t[i] <= grace, 1, 1.0))
    for i, yes, chance_i in zip(alive, operated, q, strict=True):
        if yes:
            rows.append((i, grace, t[i], e[i], 1, 1 / chance_i))
    return [np.array(column) for column in zip(*rows, strict=True)]


def nearest_pairs(logit, treated, width):
    """Greedy matching by looking at every free control."""
    free = [int(i) for i in np.flatnonzero(~treated)]
    pairs = []
    for i in sorted(np.flatnonzero(treated), key=lambda j: (-logit[j], j)):

        def rank(j, i=i):
            above = logit[j] >= logit[i]
            return (abs(logit[j] - logit[i]), above, j if above else -j)

        best = min(free, key=rank, default=None)
        if best is not None and abs(logit[best] - logit[i]) <= width:
            pairs.append((int(i), best))
            free.remove(best)
    return pairs
