"""The pages of a package that people open first: the risk summary for the data user, and the guide to reading and verifying."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from release.terms import pages
from schemas.grains import name_grain

if TYPE_CHECKING:
    from release.package import PackageSpec


def render_summary(spec: "PackageSpec", title: str) -> str:
    """Return the risk summary: per table the promised k and the way from wish to delivery; details are linked."""
    titles = {table.schema.name: {column.name: column.title_ja for column in table.schema.columns} for table in spec.tables}
    return pages().get_template("summary.html").render(spec=spec, title=title, titles=titles, name_grain=name_grain)


def render_guide(spec: "PackageSpec", title: str, descriptor: Mapping[str, Any]) -> str:
    """Return the guide: what is inside, what the columns mean, how to open it and how to verify it."""
    return pages().get_template("guide.html").render(spec=spec, title=title, resources=descriptor["resources"])
