"""Links lead to tables, never to other links.

So no two links can lead to each other in a circle, and what one answers is known without asking another bundle's
script. A source that leads to a link is refused wherever a script is looked at, and a circle is shown.
"""

from __future__ import annotations

from plotter2.datter.registry import BundleRow
from plotter2.errors import DataError, ExitCode
from plotter2.tasks import codes
from plotter2.tasks.attached import Declarations
from plotter2.tasks.model import Link
from plotter2.tasks.parts import Text
from plotter2.tasks.places import selector_of


def refuse_links_of_links(declarations: Declarations, bundle: BundleRow, text: Text) -> None:
    """Refuse a script whose links, at this bundle, lead to links. Raises DataError: P2-D0874 (a circle), P2-D0875."""
    for name, item in text.links.items():
        path = item.source.value
        if path == name:
            continue  # the checker says that it leads to itself
        trail = [(bundle, name)]
        step = _link_at(declarations, bundle, text, bundle, path)
        while step is not None:
            holder, following, source = step
            if (holder.id, following) in {(b.id, n) for b, n in trail}:
                raise _loop([*trail, (holder, following)], text.place(item.source))
            trail.append((holder, following))
            step = _link_at(declarations, bundle, text, holder, source)
        if len(trail) > 1:
            raise _link_of_link(trail, text.place(item.source))


def _link_at(
    declarations: Declarations, here: BundleRow, text: Text, holder: BundleRow, path: str
) -> tuple[BundleRow, str, str] | None:
    """Give the link that a source leads to: whose it is, its name, its source; None for a table or nothing."""
    if holder.id == here.id and path in text.links:
        return here, path, text.links[path].source.value
    if "*" in path or _is_table(declarations, holder, path):
        return None
    base, _, name = path.rpartition("/")
    for candidate in _bundles_meant(declarations, holder, base):
        if candidate.id == here.id and name in text.links:
            return here, name, text.links[name].source.value
        found = _link_of(declarations, candidate, name)
        if found is not None:
            return candidate, name, found.source
    return None


def _link_of(declarations: Declarations, bundle: BundleRow, name: str) -> Link | None:
    links = (link for each in declarations.of(bundle) for link in each.links)
    return next((link for link in links if link.head.name == name), None)


def _is_table(declarations: Declarations, bundle: BundleRow, path: str) -> bool:
    try:
        selector_of(declarations.store, bundle, path)
    except DataError:
        return False
    return True


def _bundles_meant(declarations: Declarations, holder: BundleRow, base: str) -> list[BundleRow]:
    if not base:
        return [holder]
    found: list[BundleRow] = []
    for path in (f"{holder.name}/{base}", base):
        try:
            found += declarations.store.find(path)[:1]
        except DataError:
            continue
    return found


def _loop(trail: list[tuple[BundleRow, str]], where: str) -> DataError:
    shown = " -> ".join(f"{bundle.name}/{name}" for bundle, name in trail)
    return DataError(
        codes.LINKS_LOOP,
        f"these links lead to each other in a circle: {shown}",
        where,
        "name the table that has the rows",
        exit_code=ExitCode.CHECK_FAILED,
    )


def _link_of_link(trail: list[tuple[BundleRow, str]], where: str) -> DataError:
    name, (last, last_name) = trail[0][1], trail[-1]
    return DataError(
        codes.LINK_OF_LINK,
        f"the link {name} leads to the link {last_name} of {last.name}, and a link leads to a table",
        where,
        f"name the table that {last_name} is made of, and translate it here; plotter2 links {last.name} shows both",
        exit_code=ExitCode.CHECK_FAILED,
    )
