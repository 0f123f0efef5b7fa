"""HTTP of recipes: which there are, what one would do, on, off."""

from fastapi import APIRouter, Request

from geoengage.kit.http import CONFLICT, PROBLEMS, Now, Tx
from geoengage.recipes.rules import RECIPES, RecipeSettings
from geoengage.recipes.service import launching
from geoengage.recipes.service.planning import key_of, plan
from geoengage.recipes.service.previewing import preview_of
from geoengage.recipes.shapes import (
    RecipeLaunchOut,
    RecipeList,
    RecipeOut,
    RecipeParameter,
    RecipePreviewOut,
    RecipeStopIn,
    RecipeStopped,
    launch_out,
    preview_out,
    state_of,
)
from geoengage.tenancy.auth import CampaignEditor, Reader

router = APIRouter(tags=["recipes"], responses=PROBLEMS)


def _is_preview(request: Request) -> bool:
    """Whether messages go to the preview inbox, so that people without a push address can be reached too."""
    return request.app.state.settings.fcm.credentials_file is None


@router.get("/v1/recipes")
async def list_recipes(me: Reader, tx: Tx, now: Now) -> RecipeList:
    """Campaigns that are switched on as a whole, and whether they run. Who is restricted to stores sees their own."""
    launched = [launch_out(each) for each in await launching.list_launched(tx, me, now)]
    found = []
    for key, recipe in RECIPES.items():
        launches = [each for each in launched if each.recipe == key]
        parameters = [
            RecipeParameter(name=p.name, label=p.label, kind=p.kind, default=p.default, hint=p.hint)
            for p in recipe.parameters
        ]
        found.append(
            RecipeOut(
                recipe=key, name=recipe.name, about=recipe.about, parameters=parameters, state=state_of(launches),
                launches=launches,
            )
        )  # fmt: skip
    return RecipeList(items=found)


@router.post("/v1/recipes/{recipe}/preview")
async def preview_recipe(
    recipe: str, body: RecipeSettings, request: Request, me: CampaignEditor, tx: Tx, now: Now
) -> RecipePreviewOut:
    """Whom it would reach now, what it would cost, and what stands in its way. Nothing is kept.

    It looks everybody up, which takes a second for a million people.
    """
    planned = await plan(tx, me, key_of(recipe), body, now)
    return preview_out(await preview_of(tx, me, planned, now, preview=_is_preview(request)))


@router.post("/v1/recipes/{recipe}/launch", responses=CONFLICT)
async def launch_recipe(recipe: str, body: RecipeSettings, me: CampaignEditor, tx: Tx, now: Now) -> RecipeLaunchOut:
    """Switch it on: its segment, offer and campaign are made and the campaign runs, or waits for review.

    Repeating it changes nothing; with other settings what it made is changed. 409 with `blocked_by` while something
    stops it.
    """
    planned = await plan(tx, me, key_of(recipe), body, now)
    return launch_out(await launching.launch(tx, me, planned, now))


@router.post("/v1/recipes/{recipe}/stop")
async def stop_recipe(
    recipe: str, me: CampaignEditor, tx: Tx, now: Now, body: RecipeStopIn | None = None
) -> RecipeStopped:
    """Stop it: nothing more goes out within two seconds, and what waits is skipped. Codes that people have stay good.

    Switching it on again lets people go on where they stood.
    """
    stopped = await launching.stop(tx, me, key_of(recipe), None if body is None else body.launch_id, now)
    return RecipeStopped(items=[launch_out(each) for each in stopped])
