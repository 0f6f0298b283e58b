"""Values as people read them: numbers, units, times with zone and age, texts from outside.

Times inside the gateway are milliseconds since 1970 in UTC; texts from outside are data and may
hold anything.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite

from gateway.web.words import label, say
from terminology import reasons, systems
from terminology.analytes import load

MINUTE, HOUR, DAY, MONTH, YEAR = 60, 3600, 86400, 2629800, 31557600
STEPS = (
    (HOUR, MINUTE, "time.minutes"),
    (2 * DAY, HOUR, "time.hours"),
    (2 * MONTH, DAY, "time.days"),
    (2 * YEAR, MONTH, "time.months"),
)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters and those that turn the direction of a text: no reader sees them and some
break a page; each is shown as U+FFFD."""

PARTIAL = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
FINE = 1000
"""From this size on a number is written without decimals."""


def instant(milliseconds: int) -> datetime:
    """Return the moment in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def age(moment: datetime, now: datetime) -> str:
    """Return how long ago it was, in words.

    >>> noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    >>> age(noon - timedelta(minutes=12), noon), age(noon, noon)
    ('12 min ago', 'just now')
    """
    seconds = (now - moment).total_seconds()
    if seconds < -MINUTE:
        return say("time.ahead")
    if seconds < MINUTE:
        return say("time.now")
    for limit, step, key in STEPS:
        if seconds < limit:
            return say(key, n=int(seconds // step))
    return say("time.years", n=int(seconds // YEAR))


def clock(moment: datetime) -> str:
    """Return date, time and zone.

    >>> clock(datetime(2026, 5, 1, 12, 5, tzinfo=UTC))
    '2026-05-01 12:05 UTC'
    """
    offset = moment.utcoffset() or timedelta()
    zone = "UTC" if not offset else moment.strftime("%z")[:3] + ":" + moment.strftime("%z")[3:5]
    return f"{moment:%Y-%m-%d %H:%M} {zone}"


def dated(text: str | None, now: datetime) -> tuple[str, str]:
    """Return a FHIR date as read by people, and its age when it is a whole one.

    A time without a zone, and a partial date, stay as they were sent.

    >>> noon = datetime(2020, 3, 2, 12, tzinfo=UTC)
    >>> dated("2020-03-01T10:00:00+01:00", noon)
    ('2020-03-01 10:00 +01:00', '27 hours ago')
    >>> dated("2020-03-01", noon), dated("2020-03", noon)
    (('2020-03-01', '1 day ago'), ('2020-03', ''))
    """
    if not text:
        return say("time.unknown"), ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return clean(text), ""
    if len(text) <= len("YYYY-MM-DD"):
        return text, days(moment, now)
    return (
        (clock(moment), age(moment, now)) if moment.tzinfo else (clean(text).replace("T", " "), "")
    )


def days(day: datetime, now: datetime) -> str:
    """Return how long ago a day without a time was."""
    passed = (now.date() - day.date()).days
    if passed > 1:
        return age(now - timedelta(days=passed), now)
    return say("time.ahead") if passed < 0 else say("time.day" if passed else "time.today")


def years(birth: str | None, today: datetime) -> tuple[int, bool] | None:
    """Return completed years of age and whether that is exact, None without a year of birth.

    >>> years("1980-05-12", datetime(2026, 5, 11)), years("1980", datetime(2026, 5, 11))
    ((45, True), (46, False))
    """
    found = PARTIAL.fullmatch(birth or "")
    if not found:
        return None
    year, month, day = (int(part) if part else 0 for part in found.groups())
    before = bool(month) and (today.month, today.day if day else 31) < (month, day)
    return today.year - year - before, bool(day)


def number(value: object, digits: int = 4) -> str:
    """Return a number with at most `digits` significant digits and no exponent.

    >>> number(5.40000001), number(0.84123), number(250.0), number(1234567.8), number("x")
    ('5.4', '0.8412', '250', '1\u202f234\u202f568', 'x')
    """
    if isinstance(value, bool):
        return say("patient.yes" if value else "patient.no")
    if not isinstance(value, int | float | Decimal):
        return clean(str(value))
    size = abs(float(value))
    if not isfinite(size):
        return "–"
    if size >= FINE:
        return f"{value:,.0f}".replace(",", "\u202f").replace("-", "−")
    text = f"{Decimal(f'{value:.{digits}g}'):f}"
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return plain.replace("-", "−") if plain not in {"-0", ""} else "0"


def signed(value: float) -> str:
    """Return an effect with its sign and two decimals at most.

    >>> signed(0.4231), signed(-1.0), signed(0.001)
    ('+0.42', '−1', '0')
    """
    text = number(round(value, 2))
    return f"+{text}" if value > 0 and text != "0" else text


def percent(fraction: float, digits: int = 1) -> str:
    """Return a share as percent, half up in the last digit.

    >>> percent(0.0523), percent(0.00004)
    ('5.2\u202f%', '<0.1\u202f%')
    """
    least = 10**-digits
    points = Decimal(repr(fraction)) * 100
    if 0 < points < Decimal(repr(least)) / 2:
        return f"<{least:.{digits}f}\u202f%"
    return f"{points.quantize(Decimal(1).scaleb(-digits), 'ROUND_HALF_UP')}\u202f%"


def unit(code: str | None) -> str:
    """Return a UCUM code as written in reports.

    >>> unit("mm[Hg]"), unit("mmol/L"), unit(None)
    ('mmHg', 'mmol/L', '')
    """
    return label("unit", code, clean(code or ""))


def clean(text: str) -> str:
    r"""Return a text from outside with its control characters made visible.

    >>> clean("a\x00b")
    'a\ufffdb'
    """
    return CONTROL.sub("\ufffd", text)


def reason(word: str | None) -> str:
    """Return a machine reason in words.

    >>> reason("sbp_out_of_range"), reason("country_without_risk_region")
    ('Systolic blood pressure outside the range of this score', 'country without a risk region')
    """
    found = reasons.find(word) if word else None
    if found is None:
        return clean(word or "").replace("_", " ")
    advice, about = found
    return advice.title.format(what=within(concept(about), advice.title))


def within(words: str, title: str) -> str:
    """Return words as they stand in a title: small inside of it, unless they are an abbreviation.

    >>> within("Risk region", "no {what}"), within("WHO region", "no {what}")
    ('risk region', 'WHO region')
    """
    small = not title.startswith("{") and words[1:2].islower()
    return words[:1].lower() + words[1:] if small else words


def system(uri: str | None) -> str:
    """Return the short title of a known code system, any other URI as it was sent.

    >>> system("http://loinc.org"), system("urn:oid:1.2.3")
    ('LOINC', 'urn:oid:1.2.3')
    """
    known = systems.by_uri().get(systems.normalise(uri or ""))
    return known.title.partition(",")[0] if known else clean(uri or "")


def concept(name: str) -> str:
    """Return the words for a feature or an input, whose name may end in its unit.

    >>> concept("sbp_mmhg"), concept("hdl_cholesterol_mmol_l"), concept("odd_thing")
    ('Systolic blood pressure', 'HDL cholesterol', 'Odd thing')
    """
    known = load().get(name)
    if known is not None:
        return label("concept", name, known.label)
    parts = name.split("_")
    for end in range(len(parts), 0, -1):
        found = label("concept", "_".join(parts[:end]), "\n")
        if found != "\n":
            return found
    return clean(name).replace("_", " ").capitalize()
