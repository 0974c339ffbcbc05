"""A key that the Secret calls otherwise."""

from tests.checks.samples import Sample, apps
from tests.checks.samples.secret_missing import DEPLOYMENT

SECRET = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {KEY: x}\n"

FOUND = Sample({"apps.yaml": apps("web"), "web/web.yaml": DEPLOYMENT + SECRET.replace("KEY", "passwd")})
FINE = Sample({"apps.yaml": apps("web"), "web/web.yaml": DEPLOYMENT + SECRET.replace("KEY", "password")})
