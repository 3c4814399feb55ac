from rewis3d.reconstruct.cameras.groups import groups_of


def test_links_join_and_members_without_any_stand_alone() -> None:
    assert groups_of([1, 2, 3, 5, 8], [(2, 5), (5, 8), (1, 99)]) == [[2, 5, 8], [1], [3]]


def test_no_members_make_no_groups() -> None:
    assert groups_of([], []) == []
