"""Membership: whether somebody is in the file at all, told by whether any released row fits.

Decided here: the attacker says "yes" where a row contains all known values; who is not in the file tells how often that is so anyway. The
figure is the difference, the advantage of having the file, and not a share of what was left to win: nearly nothing is left where nearly
everybody fits.
"""

import math

import numpy as np

from anonymize.risk.attacks.neighbours import contains
from anonymize.risk.attacks.result import Score
from anonymize.risk.attacks.scene import Scene
from anonymize.risk.figures import wilson_interval
from schemas.messages import N_

CODE = "membership"
TITLE = N_("membership")
ATTACKER = N_("knows all {columns} quasi-identifiers of a person, and says that who fits a released row is in the file")
SOURCE = "M. E. Nergiz, M. Atzori, C. Clifton (2007), Hiding the presence of individuals from shared databases, doi:10.1145/1247480.1247554"


def attack(scene: Scene, *, trials: int, seed: int) -> Score:
    """Return how much more often members fit a released row than strangers do.

    Parameters
    ----------
    scene : Scene
        The release, members and strangers; only quasi-identifiers are looked at.
    trials : int
        Persons of each group.
    seed : int
        Of the drawing.

    References
    ----------
    M. E. Nergiz, M. Atzori, C. Clifton (2007), doi:10.1145/1247480.1247554; S. Yeom et al. (2018), doi:10.1109/CSF.2018.00027 (advantage);
    R. G. Newcombe (1998), Interval estimation for the difference between independent proportions, method 10,
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
    """
    drawn = scene.draw_targets(trials, np.random.default_rng([seed, 6]))
    members, strangers = (int(contains(scene.released, rows.known).any(axis=1).sum()) for rows in drawn)
    return compare(members, strangers, trials)


def compare(members: int, strangers: int, trials: int) -> Score:
    """Return the advantage of having the file: the share of members who fit less that of strangers, with Newcombe's interval."""
    share, usual = members / trials, strangers / trials
    (low, high), (low_usual, high_usual) = (wilson_interval(found, trials) for found in (members, strangers))
    below, above = math.hypot(share - low, high_usual - usual), math.hypot(high - share, usual - low_usual)
    gain = max(0.0, share - usual)
    interval = max(0.0, share - usual - below), min(1.0, max(gain, share - usual + above))
    return Score(members=share, strangers=usual, baseline=None, excess=gain, interval=interval)
