"""What can be imported: per kind its columns, what they mean, and the names under which files have them. Pure.

Orders follow PROTOCOLS 4.6. A field's synonyms are compared in their plain form (`mapping.plain`), in English, German,
French and the words of Shopify, WooCommerce and the usual ERP exports.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FileKind(StrEnum):
    """What the rows of a file are."""

    CUSTOMERS = "customers"
    CONSENTS = "consents"
    PRODUCTS = "products"
    STOCK = "stock"
    ORDERS = "orders"


PERSONAL = frozenset({FileKind.CUSTOMERS, FileKind.CONSENTS})  # about people as such: needs the scope `people`
OF_STORES = frozenset(
    {FileKind.STOCK, FileKind.ORDERS}
)  # each row belongs to a store: for credentials restricted to stores


@dataclass(frozen=True, slots=True)
class Field:
    """One column. `synonyms`: other names, in plain form. `many`: several columns of a file may be this one."""

    name: str
    words: str
    about: str
    synonyms: str = ""
    required: bool = False
    many: bool = False


ATTRIBUTE = "attribute"
_WHO = (
    Field(
        "customer_external_id",
        "Customer number",
        "Your own id of the person.",
        "external_id customer_id customerid customer user_id userid customer_number customer_no "
        "kundennummer kunden_nr"
        " kundennr kunde client_id numero_client household_id contact_id member_id",
    ),
    Field("email", "E-mail", "E-mail address.", "e_mail email_address e_mail_adresse mail courriel customer_email"),
    Field(
        "phone",
        "Phone",
        "Phone number, best with its country: +41791234567.",
        "phone_number telephone telefon mobile mobile_phone handy mobil telefonnummer portable customer_phone",
    ),
    Field(
        "loyalty_card",
        "Loyalty card",
        "Number of a customer card.",
        "loyalty_card_number card card_number member_code kundenkarte carte_fidelite bonus_card",
    ),
)
_STORE = Field(
    "store_external_id",
    "Store",
    "Your id of the store, as the page Stores shows it.",
    "store store_id shop shop_id filiale filial_nr location location_id magasin branch",
)

FIELDS: dict[FileKind, tuple[Field, ...]] = {
    FileKind.CUSTOMERS: (
        *_WHO,
        Field("first_name", "First name", "Given name, for messages.", "firstname vorname prenom given_name"),
        Field("last_name", "Last name", "Family name.", "lastname nachname nom surname family_name name"),
        Field("language", "Language", "Language of messages, e.g. de or fr-CH.", "lang sprache langue locale"),
        Field(
            "birth_date", "Birth date", "Day of birth.", "birthday birthdate date_of_birth dob geburtsdatum geburtstag"
        ),
        Field("gender", "Gender", "As your system writes it.", "sex geschlecht anrede salutation"),
        Field("city", "City", "Place of residence.", "town ort stadt ville default_address_city"),
        Field(
            "postal_code",
            "Postal code",
            "Of the residence.",
            "zip zip_code plz postcode code_postal default_address_zip",
        ),
        Field("country", "Country", "Of the residence.", "land pays country_code default_address_country_code"),
        _STORE,
        Field(
            "updated_at",
            "Changed at",
            "When the row was last changed in your system: of two values the newer counts.",
            "modified_at last_modified changed_at geaendert_am updated modified",
        ),
        Field(ATTRIBUTE, "A trait of its own", "Kept under the column's name.", many=True),
    ),
    FileKind.CONSENTS: (
        *_WHO,
        Field(
            "channel", "Channel", "push, web_push, email, sms, whatsapp, viber or in_app.", "kanal canal", required=True
        ),
        Field("purpose", "Purpose", "marketing (if left out), service or transactional.", "zweck but type"),
        Field(
            "state",
            "State",
            "subscribed, unsubscribed, pending or redacted; yes and no are understood.",
            "status consent opt_in optin subscribed accepts_marketing einwilligung consentement",
            required=True,
        ),
        Field(
            "consented_at",
            "Date",
            "When the person said so.",
            "date at timestamp datum created_at opt_in_at optin_at consent_date consented_on",
            required=True,
        ),
        Field(
            "source",
            "Source",
            "Where the person said so: a form, a till, a phone call.",
            "quelle origin channel_source herkunft source_name optin_source",
            required=True,
        ),
        Field("text_version", "Text", "Which wording was agreed to.", "version wording text consent_text"),
        _STORE,
    ),
    FileKind.PRODUCTS: (
        Field(
            "product_id",
            "Product",
            "Your id of the product; rows with the same one are its variants.",
            "id handle product_external_id artikelnummer artikel_nr article_id item_id produkt_id",
            required=True,
        ),
        Field(
            "name",
            "Name",
            "Name of the product.",
            "title product_name produktname bezeichnung titel designation",
            required=True,
        ),
        Field(
            "variant_id",
            "Variant",
            "Your id of the variant; left out: the product is its only one.",
            "variant_external_id variante_id",
        ),
        Field(
            "variant_name",
            "Variant's name",
            "Size, colour, …",
            "variant option1_value option_1_value variante groesse size",
        ),
        Field("sku", "SKU", "Stock keeping unit.", "variant_sku artikel_sku item_sku"),
        Field("barcode", "Barcode", "GTIN, EAN or UPC.", "gtin ean upc variant_barcode ean_code strichcode"),
        Field("brand", "Brand", "Brand or maker.", "vendor marke marque manufacturer hersteller"),
        Field(
            "category",
            "Category",
            "A path: Food > Dairy > Milk.",
            "product_category kategorie categorie categories warengruppe product_type department",
        ),
        Field(
            "price",
            "Price",
            "Price of one, as a decimal.",
            "variant_price preis prix regular_price unit_price verkaufspreis",
        ),
        Field("currency", "Currency", "ISO 4217; left out: the import's own.", "waehrung devise currency_code"),
        Field(
            "cost",
            "Cost",
            "What one costs you.",
            "cost_per_item unit_cost einstandspreis ek_preis purchase_price cost_price",
        ),
        Field("image_url", "Picture", "https address of a picture.", "image_src image picture bild images image_link"),
        Field("url", "Page", "https address of the product's page.", "link product_url permalink"),
        Field("description", "Description", "Text about it.", "body_html beschreibung short_description"),
        Field("language", "Language", "Of name and description; left out: the tenant's.", "lang sprache langue locale"),
        Field("status", "Status", "active, or no longer sold: archived.", "published active aktiv state"),
    ),
    FileKind.STOCK: (
        Field("variant_id", "Variant", "Your id of the variant.", "variant_external_id"),
        Field("sku", "SKU", "Stock keeping unit.", "variant_sku artikel_sku item_sku"),
        Field(
            "product_id",
            "Product",
            "Your id of a product without variants.",
            "id handle artikelnummer artikel_nr item_id",
        ),
        Field(
            "store_external_id",
            "Store",
            "Your id of the store.",
            "store store_id shop shop_id filiale location location_id magasin branch",
            required=True,
        ),
        Field(
            "quantity",
            "Quantity",
            "How many are there.",
            "qty stock on_hand available bestand menge quantite lagerbestand",
            required=True,
        ),
        Field(
            "counted_at",
            "Counted at",
            "When that was so; left out: when the file came.",
            "at as_of date updated_at stand datum",
        ),
    ),
    FileKind.ORDERS: (
        Field(
            "order_id",
            "Order",
            "Your id of the order; its lines stand one below the other.",
            "order order_number order_no name bestellnummer bestell_nr auftrag beleg_nr basket_id "
            "receipt_id transaction_id"
            " invoice_id numero_commande bon_nr",
            required=True,
        ),
        Field(
            "ordered_at",
            "Ordered at",
            "When it was ordered.",
            "order_date date created_at timestamp transaction_timestamp datum bestelldatum purchased_at processed_at",
            required=True,
        ),
        Field(
            "status",
            "Status",
            "paid, pending, cancelled, refunded or partially_refunded; left out: paid.",
            "financial_status order_status zustand statut",
        ),
        Field(
            "currency", "Currency", "ISO 4217, e.g. CHF; left out: the import's own.", "waehrung devise currency_code"
        ),
        Field(
            "total",
            "Total",
            "What the whole order cost; left out: its lines added up.",
            "order_total grand_total total_price gesamtbetrag summe montant_total",
        ),
        Field("subtotal", "Subtotal", "Lines without tax and shipping.", "sub_total subtotal_price zwischensumme"),
        Field("tax", "Tax", "Tax of the order.", "total_tax taxes mwst steuer vat tva"),
        Field(
            "shipping", "Shipping", "Cost of delivery.", "shipping_cost shipping_total versand versandkosten livraison"
        ),
        Field("discount", "Discount", "Taken off the whole order.", "discount_amount total_discounts rabatt remise"),
        Field("refunded_total", "Refunded", "Paid back of it so far.", "refunded_amount refund erstattet rembourse"),
        *_WHO,
        _STORE,
        Field(
            "channel",
            "Channel",
            "web, app, pos, phone or other; left out: pos with a store, else web.",
            "source_name sales_channel kanal vertriebsweg canal",
        ),
        Field("coupon_codes", "Coupons", "Codes, separated by |.", "coupon discount_code coupons gutschein code_promo"),
        Field("line_id", "Line", "Your id of the line.", "line_no line_number position pos lineitem_id zeile"),
        Field(
            "product_id",
            "Product",
            "Your id of the product.",
            "lineitem_product_id artikelnummer artikel_nr item_id article_id",
        ),
        Field("variant_id", "Variant", "Your id of the variant.", "variant_external_id"),
        Field("sku", "SKU", "Stock keeping unit.", "lineitem_sku item_sku"),
        Field(
            "product_name",
            "Product's name",
            "As it was sold.",
            "lineitem_name item item_name product title artikel bezeichnung",
        ),
        Field("category", "Category", "As it was sold.", "product_category kategorie warengruppe department"),
        Field(
            "quantity",
            "Quantity",
            "Pieces or weight; negative: brought back.",
            "qty lineitem_quantity menge anzahl quantite units",
        ),
        Field(
            "unit_price",
            "Price of one",
            "As a decimal.",
            "price lineitem_price einzelpreis stueckpreis prix_unitaire preis",
        ),
        Field(
            "line_total",
            "Price of the line",
            "Quantity times price, less what was taken off.",
            "sales_value line_amount zeilenbetrag amount betrag line_price",
        ),
        Field(
            "source",
            "Source",
            "The system it comes from, with its order ids; left out: csv.",
            "system quelle order_source",
        ),
        Field(
            "updated_at",
            "Changed at",
            "When it was last changed: an older file changes nothing.",
            "modified_at last_modified changed_at updated",
        ),
    ),
}

# Of these at least one must be mapped.
ONE_OF: Mapping[FileKind, tuple[tuple[str, ...], ...]] = {
    FileKind.CUSTOMERS: (tuple(field.name for field in _WHO),),
    FileKind.CONSENTS: (tuple(field.name for field in _WHO),),
    FileKind.PRODUCTS: (),
    FileKind.STOCK: (("variant_id", "sku", "product_id"),),
    FileKind.ORDERS: (("total", "line_total", "unit_price"),),
}
