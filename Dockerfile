# The server with git and kustomize. docs/operations.md tells how to run it and what of it is not tested here.
# Pin the base by digest in production: --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm


FROM ${PYTHON_IMAGE} AS kustomize
ARG TARGETARCH
# Sums of the release archives, the same as in argo-cd's hack/installers/checksums. Change all three together, and take
# the version that your Argo CD renders with: its answer is the one that counts.
ARG KUSTOMIZE_VERSION=5.8.1
ARG KUSTOMIZE_SHA256_AMD64=029a7f0f4e1932c52a0476cf02a0fd855c0bb85694b82c338fc648dcb53a819d
ARG KUSTOMIZE_SHA256_ARM64=0953ea3e476f66d6ddfcd911d750f5167b9365aa9491b2326398e289fef2c142
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# Debian removes superseded versions, so a pin would break the build at the next security update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/*
RUN arch="${TARGETARCH:-$(dpkg --print-architecture)}"; \
    case "${arch}" in \
        amd64) sum="${KUSTOMIZE_SHA256_AMD64}" ;; \
        arm64) sum="${KUSTOMIZE_SHA256_ARM64}" ;; \
        *) echo "no kustomize checksum is known for ${arch}" >&2; exit 1 ;; \
    esac; \
    release="kustomize_v${KUSTOMIZE_VERSION}_linux_${arch}.tar.gz"; \
    curl --fail --silent --show-error --location --proto '=https' --proto-redir '=https' --retry 3 \
        --output /tmp/kustomize.tar.gz \
        "https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv${KUSTOMIZE_VERSION}/${release}"; \
    echo "${sum}  /tmp/kustomize.tar.gz" | sha256sum --check --strict -; \
    tar --extract --gzip --no-same-owner --file /tmp/kustomize.tar.gz --directory /usr/local/bin kustomize; \
    rm /tmp/kustomize.tar.gz; \
    kustomize version


FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.build.lock requirements.server.lock ./
RUN python -m venv /tools \
    && /tools/bin/pip install --require-hashes --only-binary :all: -r requirements.build.lock \
    && python -m venv /opt/argofix \
    && /opt/argofix/bin/pip install --require-hashes --only-binary :all: -r requirements.server.lock
COPY app.yaml pyproject.toml README.md LICENSE ./
COPY bot bot
COPY checks checks
COPY gitops gitops
COPY handlers handlers
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
COPY --from=kustomize /usr/local/bin/kustomize /usr/local/bin/kustomize
COPY --from=build /opt/argofix /opt/argofix
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
