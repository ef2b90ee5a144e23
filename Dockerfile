# The program as an image: `docker build -t aegis-batch .`
#
# It writes into /data alone, where its state is, so it runs with a read-only root file system and
# without a single right; a volume of Docker's own belongs to its user from the beginning:
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     --stop-timeout 90 --volume aegis_state:/data --env-file ... aegis-batch

# The version of Python that the tests run on. Its tag is pinned; a digest pins it for good.
ARG PYTHON_IMAGE=python:3.11.15-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# What the program and its control plane need, in an environment that has no installer of its own.
# First, because it changes seldom.
RUN python -m venv --without-pip /opt/aegis
COPY requirements/control.txt requirements/
RUN python -m pip --python /opt/aegis/bin/python install --require-hashes --only-binary :all: -r requirements/control.txt

# What builds the wheel stays in this stage.
COPY requirements/build.txt requirements/
RUN python -m pip install --require-hashes --only-binary :all: -r requirements/build.txt
COPY pyproject.toml LICENSE ./
COPY src src
RUN python -m pip wheel --no-deps --no-build-isolation --wheel-dir dist .
RUN python -m pip --python /opt/aegis/bin/python install --no-deps --no-index dist/*.whl
RUN mkdir data

FROM ${PYTHON_IMAGE}
# Nothing is installed here any more, not even by who gets in.
RUN python -m pip --no-cache-dir uninstall --yes --root-user-action ignore wheel setuptools pip
COPY --from=build /opt/aegis /opt/aegis
# A volume that Docker makes takes its owner from here.
COPY --from=build --chown=10001:10001 /build/data /data
ENV PATH=/opt/aegis/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AEGIS_ENVIRONMENT=production \
    AEGIS_STATE_URL=sqlite:////data/state.db
# By number, so that whoever runs it can see that it isn't root; the number needs no entry anywhere.
USER 10001:10001
WORKDIR /
ENTRYPOINT ["aegis-batch"]
CMD ["serve"]
