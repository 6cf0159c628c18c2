"""The report of an assessment: one self-contained page for people, with the same figures as the JSON for machines.

Rooms: `texts` (what the page says), `numbers` (how figures are written, and when they are withheld), `charts` (Vega-Lite to SVG), `page`.
"""

from anonymize.risk.report.page import render_report

__all__ = ["render_report"]
