# The studio in a container. CI does not build this image; a test checks that what it copies exists.
#
#   docker build -t rewis3d .                            for the processor
#   docker build -t rewis3d --build-arg DEVICE=cuda .    for NVIDIA GPUs; run it with --gpus all
#   docker run -p 7860:7860 -e REWIS3D_TOKEN=... -v "$PWD/projects:/projects" rewis3d \
#       annotate /projects/street --host 0.0.0.0 --no-browser
#
# /projects belongs to user 1000; without REWIS3D_TOKEN the studio prints a token of its own.
ARG PYTHON=3.11
FROM python:${PYTHON}-slim-bookworm

# cpu takes torch from PyTorch's index of CPU builds; cuda takes the default build, CUDA included.
ARG DEVICE=cpu
ARG CPU_INDEX=https://download.pytorch.org/whl/cpu

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /opt/rewis3d
COPY requirements/runtime.txt requirements/runtime.txt
RUN case "$DEVICE" in \
      cpu) pip install --index-url "$CPU_INDEX" "$(grep '^torch==' requirements/runtime.txt)" ;; \
      cuda) ;; \
      *) echo "DEVICE is $DEVICE; it must be cpu or cuda" >&2; exit 1 ;; \
    esac && pip install -r requirements/runtime.txt

COPY pyproject.toml README.md LICENSE ./
COPY annotations annotations
COPY rewis3d rewis3d
COPY app app
RUN pip install --no-deps . \
    && useradd --uid 1000 --create-home rewis3d \
    && install -d -o rewis3d -g rewis3d /projects

USER rewis3d
WORKDIR /projects
VOLUME /projects
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
ENTRYPOINT ["rewis3d"]
CMD ["demo", "--host", "0.0.0.0", "--no-browser"]
