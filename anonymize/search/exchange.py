"""Compiled passes that move lines between classes after the peel, each move lowering the loss.

At a node, lines that lose more today than they would there are collected by cell. They join the class that stands in that cell already; or
they found one, if they reach k together with lines that other classes can spare and the sum of all gains is positive. A class spares lines
only down to k persons.

Decided here: the moves at one node. Not decided here: which nodes, how often. Only for k without other models and for persons who stand in
one combination each: then persons of lines may be added.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from anonymize.compiled import compiled
from anonymize.search.kernels import GOLDEN, Flat, Place

EMPTY = -1
LEAST_GAIN = 1e-9
KEYS_PER_LINE = 8


class State(NamedTuple):
    """Who is where, all in place.

    Parameters
    ----------
    rows, persons : NDArray[np.int64]
        Of each line.
    at, classes : NDArray[np.int64]
        Node and class of each line; -1 for lines that take no part.
    losses : NDArray[np.float64]
        Loss of each line's rows today, per row.
    class_persons : NDArray[np.int64]
        Persons of each class; as many places as there are lines, and more than classes in use.
    numbers : NDArray[np.int64]
        (1): classes in use.
    """

    rows: NDArray[np.int64]
    persons: NDArray[np.int64]
    at: NDArray[np.int64]
    classes: NDArray[np.int64]
    losses: NDArray[np.float64]
    class_persons: NDArray[np.int64]
    numbers: NDArray[np.int64]


class Cells(NamedTuple):
    """Cells of one node that hold somebody who would gain: linked lists of their lines, persons, and the class that stands there."""

    heads: NDArray[np.int64]
    following: NDArray[np.int64]
    persons: NDArray[np.int64]
    standing: NDArray[np.int64]
    there: NDArray[np.float64]


@compiled
def _is_same(flat: Flat, starts: NDArray[np.int64], one: int, other: int) -> bool:
    """Whether two lines have equal groups in every pack."""
    for j in range(flat.codes.shape[1]):
        if flat.groups[starts[j] + flat.codes[one, j]] != flat.groups[starts[j] + flat.codes[other, j]]:
            return False
    return True


@compiled
def find_losses(flat: Flat, starts: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the loss of each line's rows, per row, at its node; `starts` are those of all nodes, -1 is no node and loses nothing."""
    losses = np.zeros(len(at))
    for i in range(len(at)):
        for j in range(flat.codes.shape[1] if at[i] >= 0 else 0):
            losses[i] += flat.losses[starts[at[i], j] + flat.codes[i, j]]
    return losses


@compiled
def _lose_there(flat: Flat, place: Place, i: int) -> float:
    """Return what a line would lose per row at a node."""
    loss = 0.0
    for j in range(flat.codes.shape[1]):
        loss += flat.losses[place.starts[j] + flat.codes[i, j]]
    return loss


@compiled
def _losses_there(flat: Flat, place: Place, state: State, least: float) -> tuple[NDArray[np.float64], int]:
    """Return what each line that would gain would lose per row at a node, infinite for the others, and how many would gain."""
    there = np.full(len(state.rows), np.inf)
    winners = 0
    for i in range(len(state.rows)):
        if state.classes[i] >= 0 and state.losses[i] - least > LEAST_GAIN / 2:
            loss = _lose_there(flat, place, i)
            if state.losses[i] - loss > LEAST_GAIN:
                there[i] = loss
                winners += 1
    return there, winners


@compiled
def _collect(flat: Flat, place: Place, state: State, target: tuple[int, float], k: int) -> tuple[Cells, int]:
    """Return the cells with lines that would gain, and how many; first who gains, then who else is in these cells."""
    (lines, packs), (node, least) = flat.codes.shape, target
    there, winners = _losses_there(flat, place, state, least)
    is_direct = 0 < place.size <= KEYS_PER_LINE * winners
    bits = 4
    while (1 << bits) < 2 * winners:
        bits += 1
    shift, mask = np.uint64(64 - bits), (1 << bits) - 1
    slots = np.full(place.size if is_direct else 1 << bits, EMPTY, np.int32)
    keys = np.empty(winners, np.int64)
    firsts = np.empty(winners, np.int64)
    cells = Cells(np.full(winners, EMPTY), np.empty(lines, np.int64), np.zeros(winners, np.int64), np.full(winners, EMPTY), np.empty(lines))
    count = 0
    for turn in range(2 if winners > 0 else 0):
        for i in range(lines):
            own = state.classes[i]
            if own < 0 or (there[i] < np.inf) != (turn == 0):
                continue
            # Who would lose is asked only where the class can spare somebody.
            if turn == 1 and state.at[i] != node and state.class_persons[own] - state.persons[i] < k:
                continue
            key = np.int64(0)
            for j in range(packs):
                key += flat.groups[place.starts[j] + flat.codes[i, j]] * place.factors[j]
            mixed = np.uint64(key)
            mixed = (mixed ^ (mixed >> np.uint64(32))) * GOLDEN
            at = key if is_direct else np.int64(mixed >> shift)
            found = slots[at]
            while found != EMPTY and not (keys[found] == key and (not place.wide or _is_same(flat, place.starts, i, firsts[found]))):
                at = (at + 1) & mask
                found = slots[at]
            if found == EMPTY:
                if turn == 1:
                    continue
                slots[at], keys[count], firsts[count] = count, key, i
                found = count
                count += 1
            cells.there[i] = _lose_there(flat, place, i)
            cells.persons[found] += state.persons[i]
            if state.at[i] == node:
                cells.standing[found] = state.classes[i]
            else:
                cells.following[i] = cells.heads[found]
                cells.heads[found] = i
    return cells, count


@compiled
def exchange(flat: Flat, place: Place, state: State, target: tuple[int, float], k: int) -> float:
    """Make all moves at one node that lower the loss; return by how much, in rows.

    `target` is the node and a loss per row below which no line is there.
    """
    cells, count = _collect(flat, place, state, target, k)
    node = target[0]
    gained = 0.0
    members = np.empty(len(state.rows), np.int64)
    costs = np.empty(len(state.rows))
    for c in range(count):
        standing = cells.standing[c]
        if standing < 0 and cells.persons[c] < k:
            continue
        size = 0
        i = cells.heads[c]
        while i >= 0:
            cost = (cells.there[i] - state.losses[i]) * state.rows[i]
            if cost < -LEAST_GAIN or standing < 0:
                members[size], costs[size] = i, cost / state.persons[i]
                size += 1
            i = cells.following[i]
        gained += _move(state, cells.there, (members[:size], costs[:size]), (node, standing, k))
    return gained


@compiled
def _move(
    state: State,
    there: NDArray[np.float64],
    offers: tuple[NDArray[np.int64], NDArray[np.float64]],
    target: tuple[int, int, int],
) -> float:
    """Move lines into one cell, dearest gain first, if the sum pays; return the gain."""
    members, costs = offers
    node, standing, k = target
    moved = np.empty(len(members), np.int64)
    count, persons, gain = 0, 0, 0.0
    for m in np.argsort(costs, kind="mergesort"):
        i = members[m]
        if costs[m] >= 0 and (standing >= 0 or persons >= k or gain <= costs[m] * state.persons[i]):
            break
        rest = state.class_persons[state.classes[i]] - state.persons[i]
        if rest >= k or rest == 0:
            state.class_persons[state.classes[i]] = rest
            gain -= costs[m] * state.persons[i]
            persons += state.persons[i]
            moved[count] = i
            count += 1
    pays = gain > LEAST_GAIN and (standing >= 0 or (persons >= k and state.numbers[0] < len(state.class_persons)))
    home = standing
    if pays and standing < 0:
        home = state.numbers[0]
        state.numbers[0] += 1
        state.class_persons[home] = 0
    for m in range(count):
        i = moved[m]
        if pays:
            state.classes[i], state.at[i], state.losses[i] = home, node, there[i]
        state.class_persons[state.classes[i]] += state.persons[i]
    return gain if pays else 0.0
