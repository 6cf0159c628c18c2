"""Where files lie, as people name them on a command line: a path, or its file URI, as clusters write them."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click

from schemas.errors import SettingsError
from schemas.messages import N_, Name

SCHEME_MARK = "://"
LOCAL_HOSTS = ("", "localhost")


class Place(click.Path):
    """A path; `file:///folder/name` is one too."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(
        self, value: "str | os.PathLike[str]", param: click.Parameter | None, ctx: click.Context | None
    ) -> "str | bytes | os.PathLike[str]":
        """Return the path."""
        return super().convert(find_path(value) if isinstance(value, str) else value, param, ctx)


def find_path(place: str) -> str:
    """Return the path that a path or file URI names.

    Raises
    ------
    SettingsError
        It is a URI of another kind, or of another machine.
    """
    if SCHEME_MARK not in place and not place.startswith("file:/"):
        return place
    uri = urlsplit(place)
    if uri.scheme != "file" or uri.netloc not in LOCAL_HOSTS:
        raise SettingsError(
            N_("files of {scheme} cannot be opened; only paths and file URIs can"),
            N_("mount the store as a folder on every machine that takes part, and give the path (docs/cluster.md)"),
            scheme=Name(uri.scheme),
        )
    return unquote(uri.path)
