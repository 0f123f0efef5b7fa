import pytest, json
from tests.api.wall.world import *
from tests.api.wall.cases import zone, campaign
def nest(n, leaf="1"):
    return '{"a":'*n + leaf + '}'*n
async def test_deep(client, session):
    a = await make_side(client, session, "alpha")
    H = a.world.sk_headers | {"Content-Type":"application/json"}
    for n in (50, 150, 200, 230, 250, 300, 600, 900, 990, 5000, 100000):
        z = zone(a); z["properties"]["metadata"] = "XX"
        r = await client.post("/v1/zones", content=json.dumps(z).replace('"XX"', nest(n)), headers=H)
        r2 = await client.get("/v1/zones", headers=H)
        e = (await client.get(f"/v1/zones/{a['zone']}", headers=H)).headers.get("etag")
        p = await client.patch(f"/v1/zones/{a['zone']}", content='{"properties":{"metadata":%s}}' % nest(n), headers=H|{"If-Match": e or "x"})
        e = (await client.get(f"/v1/campaigns/{a['campaign']}", headers=H)).headers.get("etag")
        c = await client.patch(f"/v1/campaigns/{a['campaign']}", content='{"trigger":%s}' % nest(n), headers=H|{"If-Match": e or "x"})
        g = await client.patch(f"/v1/zones/{a['zone']}", content='{"geometry":%s}' % nest(n), headers=H|{"If-Match": e or "x"})
        li = await client.post(f"/v1/devices/{a['device']}/link", content='{"external_id":"x","attributes":%s}' % nest(n), headers=H)
        nan = await client.post("/v1/zones", content=nest(n,"NaN"), headers=H)
        pg = await client.post("/v1/pings", content='{"pings":[{"at":"2026-01-01T00:00:00Z","lon":1,"lat":1,"x":%s}]}' % nest(n), headers=H)
        pg2 = await client.post("/v1/pings", content='{"pings":[{"lon":1,"lat":1,"x":%s}]}' % nest(n), headers=H)
        print(n, [x.status_code for x in (r, r2, p, c, g, li, nan, pg, pg2)])
    for content in (b"\xff\xfe{", b'{"a":' + b'9'*5000 + b'}', b"", b"null", b"[]", b'"x"'):
        for path in ("/v1/owners", "/v1/sending/stop", "/v1/pings", "/v1/devices", "/v1/zones"):
            r = await client.post(path, content=content, headers=H | ({"Authorization": f"Bearer {a.world.pk}"} if path.endswith("devices") else {}))
            print(path, content[:10], r.status_code, r.text[:150])
