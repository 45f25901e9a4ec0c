# The images of tfapprox. The targets are tf2 (the default), tf1, and test, which tests one of them. tools/image.sh has
# the steps of the build.
ARG DEBIAN=docker.io/library/debian:bookworm-slim
ARG PYTHON37=docker.io/library/python:3.7-slim-bookworm
ARG TESTED=tf2

FROM ${PYTHON37} AS build-tf1
ARG PIP_INDEX_URL PIP_CERT SOURCE_DATE_EPOCH
WORKDIR /src
COPY tools/image.sh tools/
COPY requirements requirements
RUN tools/image.sh packages tf1
COPY . .
RUN tools/image.sh build tf1

FROM ${PYTHON37} AS tf1
COPY tools/image.sh /opt/
RUN /opt/image.sh runtime tf1
COPY --from=build-tf1 /opt/tfapprox /opt/tfapprox
ENV PATH=/opt/tfapprox/bin:$PATH \
    TFAPPROX_MULTIPLIER_PATH=/multipliers
LABEL org.opencontainers.image.title="tfapprox for TensorFlow 1.14" \
      org.opencontainers.image.description="What a neural network does when its exact multipliers are replaced" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /work
USER 1000
HEALTHCHECK CMD ["tfapprox", "doctor"]
ENTRYPOINT ["tfapprox"]
CMD ["--help"]

FROM ${DEBIAN} AS build-tf2
# TFAPPROX_CUDA=ON adds the libraries of CUDA and the kernels for GPUs.
ARG TFAPPROX_CUDA=OFF
ARG PIP_INDEX_URL PIP_CERT SOURCE_DATE_EPOCH
WORKDIR /src
COPY tools/image.sh tools/
COPY requirements requirements
RUN tools/image.sh packages tf2
COPY . .
RUN tools/image.sh build tf2

FROM ${DEBIAN} AS tf2
COPY tools/image.sh /opt/
RUN /opt/image.sh runtime tf2
COPY --from=build-tf2 /opt/tfapprox /opt/tfapprox
COPY tf2/examples /opt/examples
ENV PATH=/opt/tfapprox/bin:$PATH \
    TFAPPROX_MULTIPLIER_PATH=/multipliers \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
LABEL org.opencontainers.image.title="tfapprox for TensorFlow 2" \
      org.opencontainers.image.description="What a neural network does when its exact multipliers are replaced" \
      org.opencontainers.image.licenses="MIT"
WORKDIR /work
USER 1000
HEALTHCHECK CMD ["tfapprox", "doctor"]
ENTRYPOINT ["tfapprox"]
CMD ["--help"]

# Runs the tests that are marked `image` in the image that TESTED names. Recorded data can be mounted at /opt/shared/data.
FROM ${TESTED} AS test
ARG TESTED PIP_INDEX_URL PIP_CERT
USER 0
WORKDIR /opt/project
COPY requirements requirements
RUN /opt/image.sh tests "${TESTED}"
COPY . .
USER 1000
ENV TESTED=${TESTED}
ENTRYPOINT []
CMD ["sh", "-c", "/opt/image.sh check \"$TESTED\""]

FROM tf2
