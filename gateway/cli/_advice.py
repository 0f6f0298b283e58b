"""What to do about findings, as a table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from terminology import reasons

if TYPE_CHECKING:
    from collections import Counter

    from rich.console import Console


def tell(counts: Counter[str], to: Console) -> None:
    """Print each machine reason with its count, what it means, and what to do by whom."""
    if not counts:
        return
    made = Table("count", "reason", "why it matters", "what to do", "by", title="What to do")
    made.title_justify = "left"
    for reason, count in counts.most_common():
        found = reasons.find(reason)
        told = found[0] if found else reasons.Advice("", "", "", "")
        made.add_row(str(count), reason, told.why, told.do, told.who)
    to.print(made)
