"""The tree of the log is that of RFC 6962: known roots, every proof of small trees, and nothing else passes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2sign.log.tiles import entry_bundles, hash_tiles, tile_path
from p2sign.log.tree import EMPTY_ROOT, Edge, Tree, is_included, leaf_hash, node_hash

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
MOST = 70
LEAVES = [leaf_hash(bytes([n]) * n) for n in range(MOST)]


def mth(leaves: list[bytes]) -> bytes:
    """Give the root as section 2.1 of the RFC writes it down."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    left = 1
    while left * 2 < len(leaves):
        left *= 2
    return node_hash(mth(leaves[:left]), mth(leaves[left:]))


@pytest.mark.parametrize("size", ROOTS)
def test_the_roots_are_those_that_others_publish(size: int) -> None:
    leaves = [leaf_hash(data) for data in INPUTS[:size]]
    assert Tree(leaves).root().hex() == ROOTS[size]
    assert Edge().grown(leaves).root.hex() == ROOTS[size]


def test_a_tree_without_leaves_has_the_hash_of_nothing_as_root() -> None:
    assert Tree([]).root() == Edge().root == EMPTY_ROOT == hashlib.sha256(b"").digest()


def test_an_edge_that_grows_leaf_by_leaf_is_that_of_the_whole_tree() -> None:
    edge, whole = Edge(), Tree(LEAVES)
    for size, leaf in enumerate(LEAVES, 1):
        path = edge.path_of_next
        edge = edge.grown((leaf,))
        assert edge == whole.edge(size) == Edge().grown(LEAVES[:size])
        assert edge.root == whole.root(size) == mth(LEAVES[:size])
        assert path == Tree(LEAVES[:size]).inclusion(size - 1)


def test_every_inclusion_proof_leads_to_the_root_and_from_its_own_place_only() -> None:
    whole = Tree(LEAVES)
    for size in range(1, MOST + 1):
        root = mth(LEAVES[:size])
        for index in range(size):
            proof = whole.inclusion(index, size)
            assert is_included(LEAVES[index], index, size, proof, root)
            others = [n for n in range(-1, size + 2) if n != index]
            assert not any(is_included(LEAVES[index], n, size, proof, root) for n in others)
            assert not is_included(LEAVES[index], index, size, (*proof, root), root)
            assert not proof or not is_included(LEAVES[index], index, size, proof[:-1], root)


@given(st.data())
def test_a_proof_with_another_bit_proves_nothing(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, MOST))
    index = data.draw(st.integers(0, size - 1))
    whole = Tree(LEAVES[:size])
    proof = list(whole.inclusion(index))
    at = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    proof[at] = (int.from_bytes(proof[at], "big") ^ 1 << bit).to_bytes(32, "big")
    assert not is_included(LEAVES[index], index, size, proof, whole.root())


@given(st.lists(st.binary(max_size=40), max_size=40), st.lists(st.binary(max_size=40), max_size=9))
def test_what_grows_by_many_at_once_is_what_grows_one_by_one(
    first: list[bytes], more: list[bytes]
) -> None:
    leaves = [leaf_hash(each) for each in [*first, *more]]
    assert Edge().grown(leaves[: len(first)]).grown(leaves[len(first) :]) == Tree(leaves).edge()


@pytest.mark.parametrize("wrong", [(1, 0), (8, 8), (9, 8), (0, 9), (-1, 3), (0, -1)])
def test_proofs_of_what_is_not_there_are_an_error(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"there (is|are) no"):
        Tree(LEAVES[:8]).inclusion(*wrong)


@pytest.mark.parametrize("size", [9, -1])
def test_a_tree_of_more_leaves_than_there_are_has_no_root_and_no_edge(size: int) -> None:
    tree = Tree(LEAVES[:8])
    for asked in (tree.root, tree.edge):
        with pytest.raises(ValueError, match=f"no {size} leaves among 8"):
            asked(size)


@pytest.mark.parametrize(
    ("size", "hashes"),
    [
        (3, LEAVES[:1]), (3, LEAVES[:3]), (0, LEAVES[:1]), (-1, LEAVES[:1]), (1, [LEAVES[0][:31]]),
        (3, [LEAVES[0], LEAVES[1] + b"x"]), (1, [b""]),
    ],
)  # fmt: skip
def test_an_edge_has_a_whole_hash_for_each_bit_of_its_size(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(ValueError, match=r"another number of whole subtrees|32 bytes"):
        Edge(size, tuple(hashes))


def test_tiles_have_the_paths_of_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path("entries", 5, 17) == "tile/entries/005.p/17"
    whole = Tree([leaf_hash(bytes([n])) for n in range(256)])
    assert [path for path, _ in hash_tiles(whole)] == ["tile/0/000", "tile/1/000.p/1"]


def test_a_log_of_70000_entries_has_the_tiles_of_the_specification() -> None:
    tree = Tree([leaf_hash(n.to_bytes(4, "big")) for n in range(70_000)])
    tiles = dict(hash_tiles(tree))
    paths = list(tiles)
    whole = [path for path in paths if ".p/" not in path]
    assert [p for p in whole if p.startswith("tile/0/")] == [tile_path(0, n) for n in range(273)]
    assert [p for p in whole if not p.startswith("tile/0/")] == ["tile/1/000"]
    assert [p for p in paths if ".p/" in p] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert {len(tiles[path]) for path in whole} == {8192}
    assert len(tiles["tile/1/001.p/17"]) == 17 * 32
    first = tiles["tile/0/000"]
    hashes = [first[at : at + 32] for at in range(0, 8192, 32)]
    assert mth(hashes) == tiles["tile/1/000"][:32]
    assert tiles["tile/2/000.p/1"] == tree.root(65_536)


def test_bundles_of_entries_hash_to_the_lowest_tiles() -> None:
    entries = [bytes([n % 256]) * n for n in range(300)]
    tiles = dict(hash_tiles(Tree([leaf_hash(entry) for entry in entries])))
    for path, content in entry_bundles(entries):
        found, at = [], 0
        while at < len(content):
            end = at + 2 + int.from_bytes(content[at : at + 2], "big")
            found.append(leaf_hash(content[at + 2 : end]))
            at = end
        assert b"".join(found) == tiles[path.replace("entries", "0")]
