# The server with git and the engine. docs/operations.md tells how to run it and what of it is not tested here.
# Pin the base by digest in production: --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm


# Go comes by hash from the lock file, its modules by go.sum. It stays in this stage.
FROM ${PYTHON_IMAGE} AS engine
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.engine.lock ./
COPY engine engine
RUN python engine/build.py /argofix-engine \
    && /argofix-engine --version


FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.build.lock requirements.server.lock ./
RUN python -m venv /tools \
    && /tools/bin/pip install --require-hashes --only-binary :all: -r requirements.build.lock \
    && python -m venv /opt/argofix \
    && /opt/argofix/bin/pip install --require-hashes --only-binary :all: -r requirements.server.lock
COPY app.yaml hatch_build.py pyproject.toml README.md LICENSE ./
COPY bot bot
COPY checks checks
COPY gitops gitops
COPY handlers handlers
# Without engine/ the wheel is pure; the program comes from the stage that built it.
RUN /tools/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /wheels . \
    && /opt/argofix/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/argofix/bin/pip uninstall --yes pip setuptools \
    && python -m compileall -q /opt/argofix


FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="argofix" \
      org.opencontainers.image.licenses="Apache-2.0"
# What shuts the renderer in is bot/rendering/shut_in.py; where the container's seccomp profile refuses it, forks are refused.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 argofix \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /state --shell /usr/sbin/nologin argofix \
    && install --directory --owner 10001 --group 10001 --mode 0700 /state
COPY --from=build /opt/argofix /opt/argofix
COPY --from=engine /argofix-engine /opt/argofix/bin/argofix-engine
# /state is all that is ever written to, so the root file system can be mounted read-only.
ENV PATH=/opt/argofix/bin:/usr/local/bin:/usr/bin:/bin \
    ARGOFIX_STATE_DIR=/state \
    HOME=/state \
    TMPDIR=/state \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /state
VOLUME ["/state"]
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["env", "-u", "GITHUB_PRIVATE_KEY", "-u", "GITHUB_WEBHOOK_SECRET", "-u", "ARGOFIX_DATABASE_URL", "python", "-c", "import http.client, os, sys; connection = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8080), timeout=4); connection.request('GET', '/healthz'); sys.exit(connection.getresponse().status != 200)"]
# Exec form, so that SIGTERM reaches the server, which then ends its runs in order.
ENTRYPOINT ["argofix"]
CMD ["serve"]
