"""One way to make a reason: a code, a text, an article, and what fills the text."""

from schemas.findings import Reason
from schemas.messages import Message, Name, Param


def reason(code: str, template: str, article: str = "", **params: Param) -> Reason:
    """Return a reason.

    Parameters
    ----------
    code : str
        Stable name for machines.
    template : str
        English template, marked with `N_`.
    article : str
        Where the rule stands; empty when it is the test's own article.
    """
    return Reason(code=code, message=Message(template, params), article=Name(article) if article else None)
