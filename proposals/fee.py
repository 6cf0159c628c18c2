"""The fee (手数料): what the regime's amounts come to. Not decided here: the amounts (data), and whether it was paid."""

import math
from dataclasses import dataclass
from typing import Any

from schemas.errors import FormRejected
from schemas.messages import N_
from schemas.regimes import Regime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeLine:
    """One line of the account: what for (Japanese), yen each, how many, yen in all."""

    title_ja: str
    unit_yen: int
    quantity: int
    amount_yen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeNote:
    """The account of a case: its lines, their total in yen, and the article it rests on."""

    lines: tuple[FeeLine, ...]
    total_yen: int
    article: str

    def to_json(self) -> dict[str, Any]:
        """Return the account for machines and for the case store."""
        lines = [
            {"title_ja": line.title_ja, "unit_yen": line.unit_yen, "quantity": line.quantity, "amount_yen": line.amount_yen}
            for line in self.lines
        ]
        return {"lines": lines, "total_yen": self.total_yen, "article": self.article}


def compute_fee(regime: Regime, *, hours: float = 0, outsourcing_yen: int = 0, third_parties: int = 0, is_change: bool = False) -> FeeNote:
    """Return the fee of a case.

    Parameters
    ----------
    hours : float
        Hours the creation takes; each started hour counts whole.
    outsourcing_yen : int
        What is paid to a contractor for the creation.
    third_parties : int
        Persons given the chance to file an opinion (former law only).
    is_change : bool
        The same user changes the business for which a product was made: one fixed amount.

    Raises
    ------
    FormRejected
        A number is negative, or third parties are counted where the law hears none.

    References
    ----------
    個人情報の保護に関する法律施行令 第31条: a base, an amount for each started hour, what is paid to a contractor; one amount for a
    change. 行政機関の保有する個人情報の保護に関する法律施行令 第25条 adds an amount per third party. The amounts are data.
    """
    if min(hours, outsourcing_yen, third_parties) < 0 or not math.isfinite(hours):
        raise FormRejected(N_("hours, yen and third parties cannot be negative"), N_("give numbers from 0 up"))
    fee = regime.fee
    if third_parties and not regime.opinion_step.required:
        raise FormRejected(N_("this regime hears no third parties"), N_("leave out --third-parties"))
    if is_change:
        return _account(regime, [("事業の変更に係る手数料", fee.change_yen, 1)])
    return _account(
        regime,
        [
            ("基本額", fee.base_yen, 1),
            ("作成に要する時間（1時間までごとに）", fee.hour_yen, math.ceil(hours)),
            ("意見書提出の機会を与える第三者（1人につき）", fee.third_party_yen, third_parties),
            ("作成の委託を受けた者に支払う額", outsourcing_yen, 1 if outsourcing_yen else 0),
        ],
    )


def _account(regime: Regime, items: list[tuple[str, int, int]]) -> FeeNote:
    lines = tuple(
        FeeLine(title_ja=title, unit_yen=unit, quantity=quantity, amount_yen=unit * quantity) for title, unit, quantity in items if quantity
    )
    return FeeNote(lines=lines, total_yen=sum(line.amount_yen for line in lines), article=regime.fee.article)
