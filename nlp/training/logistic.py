"""Multinomial logistic regression on frozen features: deterministic, balanced, calibrated on held-out folds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from nlp.evaluation.classifier import OUT_OF_SCOPE
from nlp.head import HeadConfig, calibrated

Features = NDArray[np.float32]
Targets = NDArray[np.int64]

FOLDS = 5
MAX_FALSE_ALARMS = 0.04  # share of the shop's own texts that may be taken for foreign ones
_TEMPERATURES = np.geomspace(0.25, 4.0, 81)
_SCOPE_BIASES = np.linspace(-1.0, 3.0, 41)


def fit(features: Features, targets: Targets, classes: int, *, decay: float) -> tuple[Features, Features]:
    """Return weight [F, K] and bias [K] that minimise the class-balanced cross-entropy plus `decay` x |weight|².

    The problem is convex and the start is zero, so that equal inputs give equal weights.
    """
    x = torch.from_numpy(features)
    y = torch.from_numpy(targets)
    counts = torch.bincount(y, minlength=classes).clamp(min=1)
    share = 1.0 / counts[y]
    share = share / share.sum()
    weight = torch.zeros((features.shape[1], classes), requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, tolerance_change=1e-6, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        errors = torch.nn.functional.cross_entropy(x @ weight + bias, y, reduction="none")
        total = (share * errors).sum() + decay * weight.square().sum()
        torch.autograd.backward(total)
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return weight.detach().numpy(), bias.detach().numpy()


def rotated(features: Features) -> tuple[Features, Features]:
    """Return coordinates [N, R] and a basis [R, F] with `coordinates @ basis == features`, R at most N.

    A regression with a quadratic penalty gives the same answer in these coordinates, several times faster.
    """
    # The eigenvectors of the N x N products of texts are the left singular vectors, at a tenth of the cost of an SVD.
    squares, left = np.linalg.eigh((features @ features.T).astype(np.float64))
    kept = squares > squares[-1] * 1e-6
    sizes = np.sqrt(squares[kept])
    coordinates: Features = (left[:, kept] * sizes).astype(np.float32)
    basis: Features = ((left[:, kept] / sizes).T @ features).astype(np.float32)
    return coordinates, basis


def folds(targets: Targets, seed: int) -> Iterator[NDArray[np.bool_]]:
    """Yield FOLDS masks of held-out rows; every class is spread evenly over them."""
    generator = np.random.default_rng(seed)
    fold = np.empty(len(targets), dtype=np.int64)
    for target in np.unique(targets):
        rows = generator.permutation(np.flatnonzero(targets == target))
        fold[rows] = np.arange(len(rows)) % FOLDS
    for index in range(FOLDS):
        yield fold == index


def held_out_scores(features: Features, targets: Targets, classes: int, *, decay: float, seed: int) -> Features:
    """Return the scores [N, K] of every text by a model that has not seen it."""
    scores = np.zeros((len(targets), classes), dtype=np.float32)
    for held_out in folds(targets, seed):
        weight, bias = fit(features[~held_out], targets[~held_out], classes, decay=decay)
        scores[held_out] = features[held_out] @ weight + bias
    return scores


def calibrate(config: HeadConfig, scores: Features, targets: Targets) -> HeadConfig:
    """Return the config with the scope bias and the temperature that fit held-out scores best."""
    if OUT_OF_SCOPE in config.labels:
        config = replace(config, scope_bias=_scope_bias(scores, targets, config.labels.index(OUT_OF_SCOPE)))
    rows = np.arange(len(targets))

    def loss(temperature: float) -> float:
        chances = calibrated(replace(config, temperature=temperature), scores)[rows, targets]
        return float(-np.log(np.maximum(chances, 1e-9)).mean())

    return replace(config, temperature=float(min(_TEMPERATURES, key=loss)))


def _scope_bias(scores: Features, targets: Targets, foreign: int) -> float:
    """Return the bias that finds most foreign texts while MAX_FALSE_ALARMS holds."""
    rivals = np.delete(scores, foreign, axis=1).max(axis=1)
    margin = scores[:, foreign] - rivals
    own = targets != foreign
    allowed = [bias for bias in _SCOPE_BIASES if (margin[own] + bias > 0).mean() <= MAX_FALSE_ALARMS]
    return float(max(allowed, default=0.0))
