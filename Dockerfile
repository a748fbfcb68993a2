# The image of one program: docker build --build-arg PROGRAM=prediction-coordinator|prediction-worker|props .
ARG BASE_IMAGE=python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b
ARG PROGRAM

FROM ${BASE_IMAGE} AS packages
ARG PROGRAM
COPY requirements/${PROGRAM}.lock /requirements.lock
# Compile once here, so that no instance compiles at its start; tests and headers are not needed.
RUN python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-cache-dir \
      --no-deps --require-hashes --only-binary :all: --target /site --requirement /requirements.lock \
    && find /site -depth -type d \( -name tests -o -name include \) -exec rm -r {} +

FROM ${BASE_IMAGE} AS shared
# No process changes its user: programs of the base for that, such as su and passwd, lose their set-uid bit.
RUN groupadd --gid 10001 props \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin props \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY shared /app/shared

# Each program is one process, which receives SIGTERM directly. A service ends within seconds.
FROM shared AS prediction-coordinator
COPY services/__init__.py /app/services/__init__.py
COPY services/prediction_coordinator /app/services/prediction_coordinator
ENV PORT=8080
ENTRYPOINT ["python3", "-m", "services.prediction_coordinator"]

FROM shared AS prediction-worker
COPY services/__init__.py /app/services/__init__.py
COPY services/prediction_worker /app/services/prediction_worker
ENV PORT=8080
ENTRYPOINT ["python3", "-m", "services.prediction_worker"]

FROM shared AS props
COPY backfill_jobs /app/backfill_jobs
ENTRYPOINT ["python3", "-m", "backfill_jobs.cli.main"]

FROM ${PROGRAM}
RUN python3 -m compileall -q /app
COPY --from=packages /site /site

ARG PROGRAM
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="${PROGRAM}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="MIT"
ENV PYTHONPATH=/app:/site \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PROPS_HOME=/tmp/props \
    BUILD_COMMIT=${REVISION}
WORKDIR /app
USER 10001:10001
