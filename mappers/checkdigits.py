"""Check digits of national person numbers, by the name that the country files use.

Each function takes the number as its scheme writes it (separators gone, upper case, already of the
right length and alphabet) and says whether its check digit fits. Sources are the issuing
authorities' descriptions; a name stands for the arithmetic, not for a country, where it is shared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
NHI = "ABCDEFGHJKLMNPQRSTUVWXYZ"
TAIWAN = "ABCDEFGHJKLMNPQRSTUVXYWZIO"
CITIZEN = "10X98765432"
NRIC = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK"}
FIN_M = "KLJNPQRTUWX"
CF_ODD = "BAKPLCQDREVOSFTGUHMINJWZYX"
"""Values of the characters at odd places of an Italian tax code: the index is the value."""


def weighted(digits: str, weights: Iterable[int]) -> int:
    """Return the sum of digits times weights."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def luhn(number: str) -> bool:
    """Luhn, ISO/IEC 7812-1: Australia IHI, Sweden, Israel, Saudi Arabia, Ontario, South Africa."""
    doubled = (int(digit) * 2 for digit in number[-2::-2])
    return (sum(int(d) for d in number[-1::-2]) + sum(d - 9 * (d > 9) for d in doubled)) % 10 == 0


def luhn_last_ten(number: str) -> bool:
    """Sweden: Luhn over the ten digits after the century."""
    return luhn(number[-10:])


def ontario(number: str) -> bool:
    """Canada, Ontario: Luhn over the ten digits, without the version letters."""
    return luhn(number[:10])


def ean13(number: str) -> bool:
    """Switzerland AHV: GS1 check digit of 13 digits."""
    return weighted(number, (1, 3) * 6 + (1,)) % 10 == 0


def nhs(number: str) -> bool:
    """United Kingdom: weights 10 to 2, 11 minus the remainder, 11 is 0 and 10 is never issued."""
    return -weighted(number, range(10, 1, -1)) % 11 == int(number[9])


def medicare(number: str) -> bool:
    """Australia Medicare: the ninth digit is the weighted sum of the first eight, modulo 10."""
    return weighted(number, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(number[8])


def kvnr(number: str) -> bool:
    """Germany: the letter as two digits, weights 1 and 2, digit sums, modulo 10."""
    digits = f"{ord(number[0]) - 64:02}{number[1:9]}"
    products = (int(digit) * (1, 2)[place % 2] for place, digit in enumerate(digits))
    return sum(p // 10 + p % 10 for p in products) % 10 == int(number[9])


def svnr(number: str) -> bool:
    """Austria: the fourth digit is the weighted sum of the others, modulo 11."""
    return weighted(number, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(number[3])


def elfproef(number: str) -> bool:
    """Netherlands: weights 9 to 2 and minus 1, divisible by 11."""
    return weighted(number, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def ssin(number: str) -> bool:
    """Belgium: 97 minus the first nine modulo 97, with a 2 before them for births from 2000."""
    base, check = int(number[:9]), int(number[9:])
    return check in (97 - base % 97, 97 - (base + 2_000_000_000) % 97)


def nir(number: str) -> bool:
    """France: 97 minus the number modulo 97, Corsica's 2A and 2B read as 19 and 18."""
    body = number[:13].replace("2A", "19", 1).replace("2B", "18", 1)
    return body.isdigit() and 97 - int(body) % 97 == int(number[13:])


def codice_fiscale(number: str) -> bool:
    """Italy: one letter over fifteen characters, odd places by their own table."""
    total = 0
    for place, character in enumerate(number[:15]):
        value = int(character) if character.isdigit() else ord(character) - 65
        total += CF_ODD.index(chr(65 + value)) if place % 2 == 0 else value
    return chr(65 + total % 26) == number[15]


def dni(number: str) -> bool:
    """Spain: the letter is the number modulo 23; X, Y and Z of foreigners are 0, 1 and 2."""
    digits = number[:-1].translate(str.maketrans("XYZ", "012"))
    return DNI[int(digits) % 23] == number[-1]


def fodselsnummer(number: str) -> bool:
    """Norway: two check digits, both modulo 11 (D-numbers and synthetic ones alike)."""
    first = weighted(number, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1))
    second = weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    return first % 11 == 0 and second % 11 == 0


def cpr(number: str) -> bool:
    """Denmark until 2007: divisible by 11."""
    return weighted(number, (4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def hetu(number: str) -> bool:
    """Finland: the nine digits modulo 31, without the sign of the century."""
    return HETU[int(number[:6] + number[7:10]) % 31] == number[10]


def rodne_cislo(number: str) -> bool | None:
    """Czechia: divisible by 11, or remainder 10 written as 0; nine digits (to 1953) have none."""
    if len(number) == 9:
        return None
    remainder = int(number[:9]) % 11
    return int(number) % 11 == 0 or (remainder == 10 and number[9] == "0")


def resident_korea(number: str) -> bool:
    """Korea until October 2020; foreigners' numbers count from 13 instead of 11."""
    total = weighted(number, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5))
    start = 13 if number[6] in "5678" else 11
    return (start - total % 11) % 10 == int(number[12])


def taiwan(number: str) -> bool:
    """Taiwan: the letter as two digits, weights 1, 9 to 1, 1, divisible by 10."""
    area = str(TAIWAN.index(number[0]) + 10)
    second = number[1] if number[1].isdigit() else str((TAIWAN.index(number[1]) + 10) % 10)
    return weighted(area + second + number[2:], (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)) % 10 == 0


def citizen_china(number: str) -> bool:
    """China, GB 11643: ISO 7064 MOD 11-2."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return CITIZEN[weighted(number, weights) % 11] == number[17]


def cpf(number: str) -> bool:
    """Brazil CPF: two check digits modulo 11; one digit repeated is none."""
    if len(set(number)) == 1:
        return False
    first = weighted(number[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(number[:10], range(11, 1, -1)) * 10 % 11 % 10
    return number[9:] == f"{first}{second}"


def cns(number: str) -> bool:
    """Brazil CNS: weights 15 to 1, divisible by 11."""
    return weighted(number, range(15, 0, -1)) % 11 == 0


def run(number: str) -> bool:
    """Chile: weights 2 to 7 from the right, 11 minus the remainder, K for 10."""
    total = weighted(number[-2::-1], (2, 3, 4, 5, 6, 7) * 2)
    return "0123456789K"[-total % 11] == number[-1]


def nhi(number: str) -> bool:
    """New Zealand, HISO 10046: modulo 11 with a digit, or modulo 24 with a letter at the end."""
    values = (int(c) if c.isdigit() else NHI.index(c) + 1 for c in number[:6])
    total = sum(value * weight for value, weight in zip(values, range(7, 1, -1), strict=True))
    if number[6].isdigit():
        return total % 11 != 0 and (11 - total % 11) % 10 == int(number[6])
    return NHI[23 - total % 24] == number[6]


def nric(number: str) -> bool:
    """Singapore: weights 2, 7 to 2; T and G add 4, M adds 3, each series has its letters."""
    total = weighted(number[1:8], (2, 7, 6, 5, 4, 3, 2))
    series = number[0]
    if series == "M":
        return FIN_M[10 - (total + 3) % 11] == number[8]
    return NRIC[series][(total + 4 * (series in "TG")) % 11] == number[8]


CHECKS: dict[str, Callable[[str], bool | None]] = {
    check.__name__.replace("_", "-"): check
    for check in (
        *(luhn, luhn_last_ten, ontario, ean13, nhs, medicare, kvnr, svnr, elfproef, ssin, nir),
        *(codice_fiscale, dni, fodselsnummer, cpr, hetu, rodne_cislo, resident_korea, taiwan),
        *(citizen_china, cpf, cns, run, nhi, nric),
    )
}
"""Name in the country files to the check."""
