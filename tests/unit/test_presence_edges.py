"""Polygons in flat arrays answer as GEOS does one by one, holes and several parts included."""

import numpy as np
import pytest
import shapely

from geoengage.kit.geo import disc_share, signed_distance
from geoengage.presence.edges import Edges


@pytest.mark.parametrize("seed", range(5))
def test_distances_and_shares_are_those_of_geos(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = []
    for _ in range(20):
        x, y, r = *rng.uniform(-100, 100, 2), rng.uniform(5, 40)
        shape = shapely.Point(x, y).buffer(r, quad_segs=int(rng.integers(1, 9)))
        if rng.random() < 0.5:
            shape = shape.difference(shapely.box(x - r / 3, y - r / 4, x + r / 5, y + r / 3))
        if rng.random() < 0.5:
            shape = shape.union(shapely.box(x + 2 * r, y, x + 3 * r, y + r))
        shapes.append(shapely.MultiPolygon(list(shapely.get_parts(shape))))
    edges = Edges(np.array(shapes, dtype=object), lambda _polygon, x, y: (x, y))
    polygon = rng.integers(0, len(shapes), 400)
    x, y, radius = rng.uniform(-150, 150, 400), rng.uniform(-150, 150, 400), rng.uniform(0.5, 60, 400)
    found, shares = edges.signed_distance(polygon, x, y), edges.disc_share(polygon, x, y, radius)
    for n, at in enumerate(polygon):
        assert found[n] == pytest.approx(signed_distance(shapes[at], x[n : n + 1], y[n : n + 1])[0], abs=1e-9)
        assert shares[n] == pytest.approx(disc_share(shapes[at], x[n], y[n], radius[n]), abs=1e-9)
    one = edges.disc_share(polygon[:1], x[:1], y[:1], radius[:1])
    assert one[0] == shares[0], "to the last bit, however many are asked at once"
