# An image with mmpisr installed, for CPUs:
#
#     docker build -t mmpisr .
#     docker run --rm -it -v /path/to/data:/mmpisr/data mmpisr
#
# For GPUs, choose the torch of your CUDA version and a base image with its compiler,
# because mmcv is compiled for the torch that is installed (about 25 minutes):
#
#     docker build -t mmpisr:gpu . \
#         --build-arg BASE=nvidia/cuda:12.6.3-devel-ubuntu24.04 --build-arg FORCE_CUDA=1 \
#         --build-arg TORCH_SPEC='torch==2.13.0 --index-url https://download.pytorch.org/whl/cu126'
#     docker run --rm -it --gpus all --shm-size 8g mmpisr:gpu
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}

# a compiler for mmcv, git for the version in logs, libGL and glib for OpenCV
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        build-essential git libgl1 libglib2.0-0 make python3 python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*

ARG TORCH_SPEC="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"
# mmcv compiles its CUDA operators if it is asked to: no GPU is there while an image is built
ARG FORCE_CUDA=0
ARG TORCH_CUDA_ARCH_LIST="8.0 8.6 9.0"
ENV VENV=/opt/mmpisr PATH=/opt/mmpisr/bin:$PATH

WORKDIR /mmpisr
COPY . .
RUN TORCH_SPEC="${TORCH_SPEC}" FORCE_CUDA=${FORCE_CUDA} make setup && mmpisr check-env
