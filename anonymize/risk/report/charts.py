"""Charts as inline SVG, from Vega-Lite specifications, without scripts, fonts or addresses.

Decided here: how each chart looks. The numbers come from the page, already guarded; the same numbers stand in a table beside each chart.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

FONT = "'Noto Sans JP', 'Noto Sans CJK JP', 'Hiragino Sans', 'Yu Gothic', Meiryo, sans-serif"
INK, MUTED, GRID = "#1f2933", "#52606d", "#e4e7eb"
BLUE, AMBER, RED = "#1f5fa8", "#b7791f", "#b3261e"
WIDTH, WIDE = 430, 640
CONFIG: Mapping[str, Any] = {
    "font": FONT,
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": MUTED,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "gridColor": GRID,
        "domainColor": "#9aa5b1",
        "tickColor": "#9aa5b1",
        "labelLimit": 300,
    },
    "legend": {"labelFontSize": 12, "labelColor": INK, "title": None, "orient": "bottom", "symbolSize": 90},
}


def draw_bars(rows: Sequence[Mapping[str, object]], category: str, share: str, *, horizontal: bool) -> str:
    """Return bars as SVG.

    Parameters
    ----------
    rows : sequence of mappings
        `category` (text), `share` (per cent, 0–100), `label` (text at the bar).
    category, share : str
        Titles of the axes.
    horizontal : bool
        Categories down the side instead of along the bottom.
    """
    names: dict[str, Any] = {"field": "category", "type": "nominal", "sort": None, "title": None if horizontal else category}
    names["axis"] = {"labelAngle": 0, "grid": False}
    amount: dict[str, Any] = {"field": "share", "type": "quantitative", "title": share, "scale": {"domainMin": 0, "nice": True}}
    amount["axis"] = {"grid": True, "tickCount": 5}
    axes = {"y": names, "x": amount} if horizontal else {"x": names, "y": amount}
    text: dict[str, Any] = {"type": "text", "color": INK, "fontSize": 12, "font": FONT}
    text |= {"align": "left", "dx": 5} if horizontal else {"baseline": "bottom", "dy": -4}
    bar = {"type": "bar", "color": BLUE, "size": 22 if horizontal else 38}
    return _draw(
        {
            "width": WIDTH,
            "height": {"step": 36} if horizontal else 210,
            "data": {"values": list(rows)},
            "encoding": axes,
            "layer": [{"mark": bar}, {"mark": text, "encoding": {"text": {"field": "label"}}}],
        }
    )


def draw_intervals(rows: Sequence[Mapping[str, object]], share: str, series: Sequence[str]) -> str:
    """Return points with intervals as SVG, and a mark at each limit.

    Parameters
    ----------
    rows : sequence of mappings
        `category`, `series` (one of `series`), `value`, `low`, `high`, `limit` (per cent, 0–100).
    share : str
        Title of the axis.
    series : sequence of str
        Names of release and unprotected copy, in this order.
    """
    y = {"field": "category", "type": "nominal", "sort": None, "title": None, "axis": {"grid": False}}
    offset = {"field": "series", "sort": list(series)}
    colour = {"field": "series", "type": "nominal", "sort": list(series), "scale": {"domain": list(series), "range": [BLUE, AMBER]}}
    base = {"y": y, "yOffset": offset, "color": colour}
    scale = {"domain": [0, 100]}
    low = {"field": "low", "type": "quantitative", "title": share, "scale": scale, "axis": {"tickCount": 6}}
    return _draw(
        {
            "width": WIDE,
            "height": {"step": 20},
            "data": {"values": list(rows)},
            "layer": [
                {"mark": {"type": "rule", "strokeWidth": 3, "opacity": 0.45}, "encoding": {**base, "x": low, "x2": {"field": "high"}}},
                {
                    "mark": {"type": "point", "filled": True, "size": 95, "opacity": 1},
                    "encoding": {
                        **base,
                        "x": {"field": "value", "type": "quantitative", "scale": scale},
                        "shape": {**colour, "scale": {"domain": list(series), "range": ["circle", "diamond"]}},
                    },
                },
                {
                    "mark": {"type": "tick", "color": RED, "thickness": 2, "size": 36},
                    "encoding": {"y": y, "x": {"field": "limit", "type": "quantitative", "scale": scale}},
                },
            ],
        }
    )


def draw_frontier(rows: Sequence[Mapping[str, object]], loss: str, risk: str, series: Sequence[str]) -> str:
    """Return one line per method: what is lost against the risk that remains, as SVG.

    Parameters
    ----------
    rows : sequence of mappings
        `series` (one of `series`), `loss` and `risk` (per cent), `label` (text at the point).
    loss, risk : str
        Titles of the axes.
    series : sequence of str
        Names of the methods.
    """
    palette, marks = [BLUE, AMBER, RED][: len(series)], ["circle", "diamond", "square"][: len(series)]
    colour = {"field": "series", "type": "nominal", "sort": list(series), "scale": {"domain": list(series), "range": palette}}
    scale = {"type": "log", "nice": True}
    base = {
        "x": {"field": "loss", "type": "quantitative", "title": loss, "scale": {"domainMin": 0, "nice": True}, "axis": {"tickCount": 8}},
        "y": {"field": "risk", "type": "quantitative", "title": risk, "scale": scale, "axis": {"tickCount": 6, "format": "~g"}},
        "color": colour,
    }
    shape = {**colour, "scale": {"domain": list(series), "range": marks}}
    text = {"type": "text", "align": "left", "dx": 8, "dy": -6, "fontSize": 12, "font": FONT}
    return _draw(
        {
            "width": WIDE,
            "height": 320,
            "data": {"values": list(rows)},
            "layer": [
                {"mark": {"type": "line", "strokeWidth": 2}, "encoding": {**base, "order": {"field": "risk", "type": "quantitative"}}},
                {"mark": {"type": "point", "filled": True, "size": 95, "opacity": 1}, "encoding": {**base, "shape": shape}},
                {"mark": text, "encoding": {**base, "color": {"value": INK}, "text": {"field": "label"}}},
            ],
        }
    )


def _draw(spec: dict[str, Any]) -> str:
    """Return the SVG of a specification, without XML names (HTML needs none) and hidden from screen readers, who have the table."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg({"$schema": SCHEMA, "config": CONFIG, "padding": 6, **spec})
    svg = re.sub(r'\s(?:xmlns(?::\w+)?|version)="[^"]*"', "", svg)
    svg = re.sub(r'\s(?:aria-\w+|role)="[^"]*"', "", svg)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)


SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
