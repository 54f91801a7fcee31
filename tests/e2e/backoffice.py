"""What other people do in the shop meanwhile: REST requests of an administrator of the demo store."""

import http.client
import json
import urllib.parse

from harness.places import ADMIN


class Backoffice:
    def __init__(self, shop, login=ADMIN):
        self.shop = shop
        self.token = None
        self.token = self.ask("POST", "/rest/all/V1/integration/admin/token", login)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.shop.port, timeout=60)
        try:
            headers = {"Content-Type": "application/json"} if body is not None else {}
            if self.token:
                headers["Authorization"] = f"Bearer {self.token}"
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            raw = response.read()
            assert response.status == 200, (method, path, response.status, raw)
            return json.loads(raw)
        finally:
            connection.close()

    def get(self, path):
        return self.ask("GET", path)

    def add_page(self, identifier, view="all", **more):
        return self.ask("POST", f"/rest/{view}/V1/cmsPage",
                        {"page": {"identifier": identifier, "title": identifier, "active": True, **more}})["id"]

    def add_block(self, identifier, view="all", **more):
        return self.ask("POST", f"/rest/{view}/V1/cmsBlock",
                        {"block": {"identifier": identifier, "title": identifier, "active": True, **more}})["id"]

    def page(self, id):
        return self.get(f"/rest/all/V1/cmsPage/{id}")

    def block(self, id):
        return self.get(f"/rest/all/V1/cmsBlock/{id}")

    def product(self, sku, view="all"):
        product = self.get(f"/rest/{view}/V1/products/{urllib.parse.quote(sku, safe='')}")
        product.update({entry["attribute_code"]: entry["value"] for entry in product["custom_attributes"]})
        return product

    def set_product(self, sku, custom=None, view="all", **fields):
        attributes = [{"attribute_code": code, "value": value} for code, value in (custom or {}).items()]
        body = {"product": {"sku": sku, **fields, **({"custom_attributes": attributes} if attributes else {})}}
        return self.ask("PUT", f"/rest/{view}/V1/products/{urllib.parse.quote(sku, safe='')}", body)

    def add_product(self, sku, price=10, type_id="simple", custom=None, **fields):
        attributes = [{"attribute_code": code, "value": value} for code, value in (custom or {}).items()]
        return self.ask("POST", "/rest/all/V1/products", {"product": {
            "sku": sku, "name": sku, "price": price, "attribute_set_id": 4, "type_id": type_id, "status": 1, "visibility": 4,
            **fields, **({"custom_attributes": attributes} if attributes else {})}})
