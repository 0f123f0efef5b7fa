"""Each grocer's own app and WhatsApp account, with its brand. The accounts are made up: no credentials of anybody.

A demo shows what would go through an account that has not been found to work, so nothing is sent by them.
"""

from geoengage.demo.client import Client

_NOBODYS = "made-up-for-the-demo"


def put(client: Client) -> None:
    """Make what is missing."""
    apps = {app["name"] for app in client.get("/v1/apps?limit=500")["items"]}
    senders = {sender["store_id"] for sender in client.get("/v1/senders")["items"]}
    for number, store in enumerate(client.get("/v1/stores?limit=500")["items"]):
        about = store["properties"]
        if about["name"] not in apps:
            app = {"name": about["name"], "store_id": store["id"], "brand_color": about["brand_color"]}
            client.post("/v1/apps", app)
        if store["id"] not in senders:
            account = {
                "store_id": store["id"], "phone_number_id": f"0000000000{number:03d}",
                "business_account_id": "0000000000000", "access_token": _NOBODYS, "app_secret": _NOBODYS,
            }  # fmt: skip
            client.put("/v1/senders/whatsapp", account)
