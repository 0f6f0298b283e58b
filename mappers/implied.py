"""Sex and birth date that a national person number carries, to compare with what a Patient says.

What a number implies is never copied into a result: numbers are kept after a change of legal sex,
dates of birth are corrected, test persons borrow numbers. A difference is told, and that is all.
A date is written ``YYYY-MM-DD`` with ``?`` for each digit that the number does not tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

OMOCODIA = str.maketrans("LMNPQRSTUV", "0123456789")
"""Letters that stand for digits where two Italian tax codes would be alike."""
MONTHS_IT = "ABCDEHLMPRST"


@dataclass(frozen=True, slots=True)
class Implied:
    """What a number says: ``male``, ``female`` or None, and a date with gaps or None."""

    sex: str | None
    birth: str | None

    def differs(self, sex: str | None, birth: str | None) -> bool:
        """Say whether a recorded sex or (partial) birth date contradicts the number."""
        if self.sex and sex in ("male", "female") and sex != self.sex:
            return True
        told = self.birth or ""
        pairs = zip(told, birth or "", strict=False)
        return any(ours not in ("?", theirs) for ours, theirs in pairs)


def by_parity(digit: str) -> str:
    """Return the sex of an odd (male) or even (female) digit."""
    return "male" if digit in "13579" else "female"


def dated(century: str, year: str, month: int, day: int) -> str | None:
    """Return the date with gaps; a month or day that cannot be is a gap, as registers use them."""
    shown_month = f"{month:02}" if 1 <= month <= 12 else "??"
    shown_day = f"{day:02}" if 1 <= day <= 31 else "??"
    return f"{century}{year}-{shown_month}-{shown_day}"


def hetu(number: str) -> Implied:
    """Finland: DDMMYY, the sign tells the century, the last of the three digits the sex."""
    sign = number[6]
    century = "18" if sign == "+" else "20" if sign in "ABCDEF" else "19"
    birth = dated(century, number[4:6], int(number[2:4]), int(number[:2]))
    return Implied(by_parity(number[9]), birth)


def personnummer(number: str) -> Implied:
    """Sweden: YYYYMMDD, 60 more on the day of a coordination number."""
    birth = dated(number[:2], number[2:4], int(number[4:6]), int(number[6:8]) % 60)
    return Implied(by_parity(number[10]), birth)


def fodselsnummer(number: str) -> Implied:
    """Norway: DDMMYY, 40 more on the day of a D-number, 40, 65 or 80 on a synthetic month."""
    month = int(number[2:4])
    month -= next((shift for shift in (80, 65, 40) if month > shift), 0)
    birth = dated("??", number[4:6], month, int(number[:2]) % 40)
    return Implied(by_parity(number[8]), birth)


def cpr(number: str) -> Implied:
    """Denmark: DDMMYY, the last digit tells the sex."""
    birth = dated("??", number[4:6], int(number[2:4]), int(number[:2]))
    return Implied(by_parity(number[9]), birth)


def rodne_cislo(number: str) -> Implied:
    """Czechia: YYMMDD, 50 more on a woman's month, 20 more when numbers of a day ran out."""
    month = int(number[2:4])
    birth = dated("??", number[:2], month % 50 % 20, int(number[4:6]))
    return Implied("female" if month > 50 else "male", birth)


def codice_fiscale(number: str) -> Implied:
    """Italy: YY, a letter for the month, DD with 40 more for a woman."""
    day = int(number[9:11].translate(OMOCODIA))
    year = number[6:8].translate(OMOCODIA)
    birth = dated("??", year, MONTHS_IT.index(number[8]) + 1, day % 40)
    return Implied("female" if day > 40 else "male", birth)


def ssin(number: str) -> Implied:
    """Belgium: YYMMDD, month plus 20 (sex unknown) or 40 in a BIS number, the serial's parity."""
    month = int(number[2:4])
    century = "19" if 97 - int(number[:9]) % 97 == int(number[9:]) else "20"
    sex = None if 20 <= month < 40 else by_parity(number[8])
    return Implied(sex, dated(century, number[:2], month % 20, int(number[4:6])))


def nir(number: str) -> Implied:
    """France: sex, YY, MM; months beyond 12 stand for papers without one."""
    sex = {"1": "male", "2": "female"}.get(number[0])
    return Implied(sex, dated("??", number[1:3], int(number[3:5]), 0))


def resident_korea(number: str) -> Implied:
    """Korea: YYMMDD, the seventh digit tells century and sex."""
    century = "18" if number[6] in "90" else "19" if number[6] in "1256" else "20"
    birth = dated(century, number[:2], int(number[2:4]), int(number[4:6]))
    return Implied(by_parity(number[6]), birth)


def citizen_china(number: str) -> Implied:
    """China: YYYYMMDD from the seventh digit, the last but one tells the sex."""
    birth = dated(number[6:8], number[8:10], int(number[10:12]), int(number[12:14]))
    return Implied(by_parity(number[16]), birth)


def nik(number: str) -> Implied:
    """Indonesia: DDMMYY from the seventh digit, 40 more on a woman's day."""
    day = int(number[6:8])
    birth = dated("??", number[10:12], int(number[8:10]), day % 40)
    return Implied("female" if day > 40 else "male", birth)


def south_africa(number: str) -> Implied:
    """South Africa: YYMMDD, a sequence from 5000 for men."""
    birth = dated("??", number[:2], int(number[2:4]), int(number[4:6]))
    return Implied("male" if number[6] >= "5" else "female", birth)


def svnr(number: str) -> Implied:
    """Austria: DDMMYY from the fifth digit; months beyond 12 stand for an unknown date."""
    return Implied(None, dated("??", number[8:10], int(number[6:8]), int(number[4:6])))


def taiwan(number: str) -> Implied:
    """Taiwan: 1, 8, A and C are men, 2, 9, B and D women."""
    return Implied("male" if number[1] in "18AC" else "female", None)


IMPLIED: dict[str, Callable[[str], Implied]] = {
    reading.__name__.replace("_", "-"): reading
    for reading in (
        *(hetu, personnummer, fodselsnummer, cpr, rodne_cislo, codice_fiscale, ssin, nir),
        *(resident_korea, citizen_china, nik, south_africa, svnr, taiwan),
    )
}
"""Name in the country files to the reading."""
