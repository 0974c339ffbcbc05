"""Sprig functions that give another result each time, or that argofix does not have (sprig v3 functions.go)."""

from __future__ import annotations

from typing import Final

_CLOCK: Final = """
    now ago date date_in_zone date_modify dateInZone dateModify must_date_modify mustDateModify htmlDate
    htmlDateInZone toDate mustToDate unixEpoch
"""
_RANDOM: Final = """
    randAlphaNum randAlpha randAscii randNumeric randBytes randInt shuffle uuidv4 bcrypt htpasswd genPrivateKey genCA
    genCAWithKey genSelfSignedCert genSelfSignedCertWithKey genSignedCert genSignedCertWithKey encryptAES
"""
_ABSENT: Final = """
    duration durationRound derivePassword buildCustomCert decryptAES urlParse urlJoin tpl call abbrevboth
    wrap wrapWith
"""

REFUSED: Final[dict[str, str]] = {
    **dict.fromkeys(_CLOCK.split(), "depends on the clock, so git alone does not tell its result"),
    **dict.fromkeys(_RANDOM.split(), "gives another result each time"),
    **dict.fromkeys(_ABSENT.split(), "is not one that argofix can evaluate"),
}
