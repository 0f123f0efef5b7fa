"""HTTP of segments and static lists, one file a part. What is fixed comes before what a segment's id stands for."""

from fastapi import APIRouter

from geoengage.segments.api import building, lists, looking, members, segments

router = APIRouter()
for _part in (building, looking, members, segments, lists):
    router.include_router(_part.router)

__all__ = ["router"]
