"""Texts that the tests of the formats look for."""

from __future__ import annotations

import base64

EVIL = "x`@octocat<script>alert(1)</script>\x1b[31m\u202e"
EVIL_PATH = "\x1b]0;owned\x07<img src=x>\u202e.yaml"

_ENCODED = "swordfish-in-base64"
# Values of Secrets, as they stand in files. Whatever is shown must hold none of them, however it is encoded.
VALUES = ("hunter2-of-infra", "hunter3-of-api", base64.b64encode(_ENCODED.encode()).decode(), "generated-pa55word")
ALL_SPELLINGS = (*VALUES, _ENCODED, *(base64.b64encode(value.encode()).decode() for value in VALUES))
