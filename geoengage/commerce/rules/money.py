"""Money: whole minor units of a currency, by the exponents of ISO 4217. Pure.

Amounts of different currencies are never added: totals are kept by currency.
"""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

# ISO 4217 (amendments up to 178), currencies with minor units; the last line: replaced ones that old orders still name.
CURRENCIES = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLF CLP CNY
    COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
    INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
    MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
    SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UYW UZS VED VES
    VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    ANG BGN CUC HRK SLL ZWL
    """.split()  # noqa: SIM905 - as literals they would fill a page
)
_EXPONENTS = (
    dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0)  # noqa: SIM905
    | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)  # noqa: SIM905
    | dict.fromkeys("CLF UYW".split(), 4)  # noqa: SIM905
)
MAX_MINOR = 10**15  # fits a JSON number exactly, and any sum of a thousand fits the column


def exponent(currency: str) -> int:
    """How many decimals the minor unit stands for; ValueError for a code that is no currency."""
    if currency not in CURRENCIES:
        raise ValueError(f"{currency!r} is no ISO 4217 code of a currency, e.g. CHF")
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: str | Decimal, currency: str) -> int:
    """`12.50` CHF → 1250. ValueError when it is no number, too large, or has more decimals than the currency."""
    decimals = exponent(currency)
    try:
        scaled = Decimal(amount).scaleb(decimals)
    except InvalidOperation as error:
        raise ValueError(f"{amount!r} is no amount, e.g. 12.50") from error
    if not scaled.is_finite() or abs(scaled) > MAX_MINOR:
        raise ValueError(f"{amount!r} is out of range")
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{currency} has {decimals} decimals, {amount} has more")
    return int(scaled)


def to_text(minor: int, currency: str) -> str:
    """1250 CHF → `12.50`, 1250 JPY → `1250`, 1250 KWD → `1.250`: without separators of thousands."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


def by_currency(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The sum of (currency, minor units) for each currency, by its code."""
    sums: dict[str, int] = {}
    for currency, minor in amounts:
        sums[currency] = sums.get(currency, 0) + minor
    return dict(sorted(sums.items()))
